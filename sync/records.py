"""Stored records as tables: how a data type is searched, sorted, shown and exported."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec
from django.db import OperationalError, transaction
from django.db import connection as database
from django.db.models import Q, QuerySet
from django.http import QueryDict
from psycopg.errors import QueryCanceled

from connections.models import Connection
from connections.schemas import AnyType, CustomType
from portal.keyset import Keyset, Page
from sync.columns import Column, Listed, columns_of
from sync.extras import Extra, values
from sync.models import (
    Record,
    RecordQuerySet,
    RecordState,
    RecordStateQuerySet,
)
from sync.query import Kind, QueryError, condition, member, properties

PAGE_SIZE = 50
EXPORTED_AT_ONCE = 500
#: What a search found is counted up to here: counting further takes longer than looking.
COUNTED = 10_000
LONGEST_LOOK = timedelta(seconds=10)

#: By the words of the URL. Each ends in the record's id, which is unique within its data type;
#: up and down are each other's reverse, so that one index serves both.
ORDERS: Mapping[str, Keyset] = MappingProxyType(
    {
        "-date": Keyset("-dated_on", "source_id"),
        "date": Keyset("dated_on", "-source_id"),
        "-amount": Keyset("-amount", "source_id"),
        "amount": Keyset("amount", "-source_id"),
        "-name": Keyset("-label", "-source_id"),
        "name": Keyset("label", "source_id"),
        "-party": Keyset("-party", "-source_id"),
        "party": Keyset("party", "source_id"),
        "-status": Keyset("-record_status", "-source_id"),
        "status": Keyset("record_status", "source_id"),
        "-due": Keyset("-due_on", "source_id"),
        "due": Keyset("due_on", "-source_id"),
        "-outstanding": Keyset("-outstanding", "source_id"),
        "outstanding": Keyset("outstanding", "-source_id"),
    }
)
_SORTED_BY = {
    Listed.LABEL: "name",
    Listed.PARTY: "party",
    Listed.DATED_ON: "date",
    Listed.AMOUNT: "amount",
    Listed.RECORD_STATUS: "status",
    Listed.DUE_ON: "due",
    Listed.OUTSTANDING: "outstanding",
}
_STYLES = {
    Listed.DATED_ON: "date",
    Listed.DUE_ON: "date",
    Listed.AMOUNT: "amount",
    Listed.OUTSTANDING: "amount",
    Listed.RECORD_STATUS: "status",
}
_STYLES_BY_KIND = {
    Kind.NUMBER: "amount",
    Kind.DATE: "date",
    Kind.MOMENT: "moment",
    Kind.CHOICE: "choice",
    Kind.TRUTH: "truth",
}

#: A text that begins like a clause, or joins two, is meant as a query; any other is looked for.
_LIKE_A_QUERY = re.compile(r"^[{\s]*[A-Za-z_][\w.]*\s*(?:!=|[=~<>])|&&|\|\|", re.ASCII)


class TookTooLong(Exception):
    """A search that reads more than can be read while somebody waits."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of a table: the words above it and how its cells are written."""

    column: Column
    style: str
    #: Where its values lie in the rows.
    attribute: str

    @property
    def words(self) -> str:
        return str(self.column.heading)

    @property
    def sort(self) -> str:
        """The word of the URL that sorts by it, or nothing."""
        return _SORTED_BY.get(self.column.listed, "") if self.column.listed else self.column.sort

    @property
    def is_number(self) -> bool:
        return self.style == "amount"

    @property
    def decimals(self) -> int:
        """How many a number has at least."""
        return 2 if self.column.is_money else 0


@dataclass(frozen=True, slots=True)
class Cell:
    heading: Heading
    value: object


@dataclass(frozen=True, slots=True)
class Row:
    record: Record | RecordState
    #: The first names the record.
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, how it is sorted, and as it was when."""

    data_type: AnyType
    text: str
    sort: str
    #: Why the query cannot be answered.
    error: QueryError | None
    condition: Q
    #: The moment whose records are searched; None are the newest.
    moment: datetime | None = None

    @classmethod
    def read(
        cls, asked: QueryDict, data_type: AnyType, *, moment: datetime | None = None
    ) -> "Search":
        text = asked.get("q", "").replace("\0", "").strip()
        sort = asked.get("sort", "")
        if sort not in sorts(data_type):
            sort = "-date" if "date" in sorts(data_type) else "name"
        error, found = None, Q()
        if isinstance(data_type, CustomType):
            found = Q(source_id__icontains=text[:200]) | Q(body__icontains=text[:200])
        elif _LIKE_A_QUERY.search(text):
            try:
                found = condition(text, data_type)
            except QueryError as refused:
                error = refused
        elif text:
            text = text[:200]
            found = (
                Q(label__icontains=text) | Q(party__icontains=text) | Q(source_id__icontains=text)
            )
        return cls(
            data_type=data_type,
            text=text,
            sort=sort,
            error=error,
            condition=found,
            moment=moment,
        )

    @property
    def order(self) -> Keyset:
        if self.sort in ORDERS:
            return ORDERS[self.sort]
        return _orders_by_members(self.data_type)[self.sort]

    @property
    def marked(self) -> tuple[str, str]:
        """The query up to its mistake, and from there on."""
        place = self.error.position if self.error else len(self.text)
        return self.text[:place], self.text[place:]


def records_of(connection: Connection, data_type: str) -> RecordQuerySet:
    return Record.objects.within(connection.organization_id).of(connection.pk, data_type)


def records_as_of(connection: Connection, data_type: str, moment: datetime) -> RecordStateQuerySet:
    """Return the records of a data type as they were at a past moment, in one set-based query.

    What a pull published at the moment itself counts. A record that came later is not there; one
    that changed later is in its former state; one that was flagged as deleted by then is there and
    flagged, and one deleted later is not flagged. The rows have the columns of `Record` (typed
    columns and body alike), so conditions, orders and keysets that fit the one fit the other.
    """
    states = RecordState.objects.within(connection.organization_id)
    return states.of(connection.pk, data_type).at(moment)


def sorts(data_type: AnyType) -> list[str]:
    """Return the words by which a data type can be sorted."""
    keys = [heading.sort for heading in headings(data_type) if heading.sort]
    return [word for key in keys for word in (key, f"-{key}")]


def headings(data_type: AnyType) -> list[Heading]:
    """Return a table's columns; amounts carry their currency, so it needs no column there."""
    found = [_heading(data_type, column) for column in columns_of(data_type)]
    if any(heading.is_number for heading in found):
        return [each for each in found if each.column.listed is not Listed.CURRENCY]
    return found


def _heading(data_type: AnyType, column: Column) -> Heading:
    if column.listed:
        return Heading(column, _STYLES.get(column.listed, "text"), column.listed)
    kind = properties(data_type)[column.path].kind
    return Heading(column, _STYLES_BY_KIND.get(kind, "text"), _read_as(column.path))


def _read_as(path: str) -> str:
    return "body_" + path.replace(".", "_")


@cache
def _orders_by_members(data_type: AnyType) -> Mapping[str, Keyset]:
    """Return the orders by what no typed column holds."""
    found = {}
    for column in columns_of(data_type):
        if column.sort:
            name = _read_as(column.path)
            found[column.sort] = Keyset(name, "source_id")
            found[f"-{column.sort}"] = Keyset(f"-{name}", "-source_id")
    return found


def _with_columns[Rows: QuerySet[Any]](rows: Rows, data_type: AnyType) -> Rows:
    """Read out of the bodies what a table shows and no typed column holds."""
    return _with_members(
        rows, [each for each in columns_of(data_type) if not each.listed], data_type
    )


def _with_members[Rows: QuerySet[Any]](
    rows: Rows, columns: Sequence[Column], data_type: AnyType
) -> Rows:
    known = properties(data_type)
    paths = [column.path for column in columns if column.path]
    return rows.annotate(**{_read_as(path): member(known[path]) for path in paths})


def page(connection: Connection, search: Search, position: Mapping[str, str]) -> Page[Any]:
    found = _found(connection, search).defer("hash")
    if not isinstance(search.data_type, CustomType):
        found = found.defer("body", "hash")
    return search.order.page(_with_columns(found, search.data_type), position, size=PAGE_SIZE)


def exported(
    connection: Connection,
    search: Search,
    position: Mapping[str, str],
    *,
    with_bodies: bool = False,
) -> Page[Any]:
    """Return a larger page, with every column read out of the body: to the last digit."""
    found = _found(connection, search).defer(*(("hash",) if with_bodies else ("body", "hash")))
    columns = columns_of(search.data_type)
    return search.order.page(
        _with_members(found, columns, search.data_type), position, size=EXPORTED_AT_ONCE
    )


def exact(record: Record | RecordState, column: Column) -> object:
    """Return a value as the body has it, or else what the store lists in its place."""
    value = getattr(record, _read_as(column.path)) if column.path else None
    if value is None and column.listed:
        value = getattr(record, column.listed)
        if isinstance(value, Decimal):
            value = value.normalize()  # the column has six places, whatever was written
    return value


def find(connection: Connection, data_type: AnyType, source_id: str) -> Record | None:
    found = records_of(connection, data_type).filter(source_id=source_id)
    return _with_columns(found, data_type).first()


@contextmanager
def hurried(longest: timedelta | None = None) -> Iterator[None]:
    """Let nobody's query keep PostgreSQL from the others, to the end of the transaction.

    :raises TookTooLong: when one statement takes longer, or longer than `LONGEST_LOOK`.
    """
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)",
                [f"{(longest or LONGEST_LOOK) // timedelta(milliseconds=1)}"],
            )
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TookTooLong from None
        raise


def extra_headings(extras: Sequence[Extra]) -> list[Heading]:
    """Return columns for what is read out of the bodies."""
    return [Heading(Column(each.heading), "text", "") for each in extras]


def rows(
    data_type: AnyType, found: Sequence[Record | RecordState], extras: Sequence[Extra] = ()
) -> list[Row]:
    """Return a table's rows; where there are extras, with them, out of bodies that were read."""
    columns, more = headings(data_type), extra_headings(extras)
    return [
        Row(
            record,
            [
                *(Cell(each, getattr(record, each.attribute)) for each in columns),
                *map(Cell, more, values(record.body, extras) if extras else ()),
            ],
        )
        for record in found
    ]


def count(connection: Connection, search: Search) -> int:
    """Count what a search finds, or tell that it is more than `COUNTED`."""
    return _found(connection, search)[: COUNTED + 1].count()


def _found(connection: Connection, search: Search) -> QuerySet[Any]:
    """Select from the newest records or from those of the moment, which have the same columns."""
    rows: QuerySet[Any] = (
        records_as_of(connection, search.data_type, search.moment)
        if search.moment
        else records_of(connection, search.data_type)
    )
    return rows.filter(search.condition)


def pretty(body: str) -> str:
    """Indent canonical JSON without touching its numbers."""
    return msgspec.json.format(body, indent=2)
