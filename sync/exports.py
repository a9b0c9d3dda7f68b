"""Records and statements as files for a spreadsheet: every row, figures to the last digit."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from companies import tenancy
from companies.models import Company
from connections.models import Connection
from connections.schemas import AnyType, DataType
from portal.csv import Cell, CsvResponse, file_name
from sync import records, statements
from sync.columns import columns_of
from sync.extras import Extra, extras_of, values
from sync.models import Record, RecordState
from sync.records import Search

_EVERY_PERIOD = 10_000


def records_found(company: Company, connection: Connection, search: Search) -> CsvResponse:
    extras = extras_of(connection, search.data_type)
    header = [
        _("ID"),
        *(str(column.heading) for column in columns_of(search.data_type)),
        *(extra.heading for extra in extras),
        _("Deleted at the source"),
        _("Changed here"),
        _("Changed at the source"),
    ]
    name = _name(company, search.data_type, search.moment)
    return CsvResponse(name, header, _rows(connection, search, extras))


def _rows(connection: Connection, search: Search, extras: list[Extra]) -> Iterator[list[Cell]]:
    """Read page by page, each in a transaction of its own: a slow reader holds none open."""
    position: dict[str, str] = {}
    while True:
        with tenancy.entered(connection.organization_id):
            page = records.exported(connection, search, position, with_bodies=bool(extras))
        if position and not page.previous:
            return  # a pull left nothing behind the last row, so this is the first page again
        yield from (_row(record, search.data_type, extras) for record in page.rows)
        if not page.next:
            return
        position = {"after": page.next}


def _row(record: Record | RecordState, data_type: AnyType, extras: list[Extra]) -> list[Cell]:
    return [
        record.source_id,
        *(_cell(records.exact(record, column)) for column in columns_of(data_type)),
        *(values(record.body, extras) if extras else ()),
        record.is_deleted,
        _cell(record.modified_at),
        _cell(record.source_modified_at),
    ]


def statement(
    company: Company, record: Record | RecordState, moment: dt.datetime | None
) -> CsvResponse:
    """Write all periods of a statement, each line below its section."""
    data_type = DataType(record.data_type)
    read = statements.read(data_type, record.body, periods=_EVERY_PERIOD)
    header = [
        _("Section"),
        pgettext("of a statement", "Line"),
        pgettext("of a statement", "Level"),
        pgettext("column", "Currency"),
        *read.columns,
    ]
    return CsvResponse(_name(company, data_type, moment), header, _lines(read))


def _lines(read: statements.Statement) -> Iterator[list[Cell]]:
    for part in read.parts:
        for line in part.lines:
            yield [part.name, line.name, line.depth, read.currency, *line.amounts]
        name = part.name if part.is_result else part.total
        yield [part.name, name, 0, read.currency, *part.amounts]


def _name(company: Company, data_type: AnyType, moment: dt.datetime | None) -> str:
    """Name the file by the day it tells of."""
    day = timezone.localdate(moment)
    words = (pgettext("file name", "as of"),) if moment else ()
    return file_name(company.name, data_type.label.lower(), *words, f"{day}")


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, (str, int, Decimal)):
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC)
    assert isinstance(value, dt.date)
    return value
