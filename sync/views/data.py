"""The data that were pulled: data types, their records, one record, statements."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from companies.access import PortalRequest, requires
from companies.models import Company
from companies.roles import Right
from connections.models import Connection
from connections.schemas import AnyType, CustomType, DataType, single_id
from portal.http import wants_fragment
from sync import exports, overview, records, statements, versions
from sync.extras import Extra, extras_of
from sync.holdings import Holding, holdings
from sync.models import Record, RecordState
from sync.query import examples, properties
from sync.records import Search
from sync.views.company import find_company

PERIODS = (3, 6, 12, 24)


@dataclass(frozen=True, slots=True)
class Source:
    """The connection whose data are shown, and the others there are to choose from."""

    company: Company
    connection: Connection | None
    others: list[Connection]
    holdings: list[Holding]

    @property
    def context(self) -> dict[str, Any]:
        return {
            "section": "data",
            "company": self.company,
            "connection": self.connection,
            "others": self.others,
            "holdings": self.holdings,
        }

    def holding(self, data_type: str) -> Holding:
        """:raises Http404: when there is no such data type."""
        for holding in self.holdings:
            if holding.data_type == data_type:
                return holding
        raise Http404(_("No such data type."))


@dataclass(frozen=True, slots=True)
class Past:
    """The past moment that the URL asks for, if it does, or why it names none."""

    asked: str
    moment: versions.Moment | None = None
    refusal: str = ""

    @classmethod
    def read(cls, request: PortalRequest, connection: Connection, data_type: AnyType) -> "Past":
        asked = request.GET.get("asOf", "")
        if not asked:
            return cls(asked)
        try:
            return cls(asked, moment=versions.moment_of(connection, data_type, asked))
        except versions.NoSuchMoment as refused:
            return cls(asked, refusal=str(refused))

    @property
    def at(self) -> dt.datetime | None:
        return self.moment.at if self.moment else None

    @property
    def status(self) -> int:
        return 400 if self.refusal else 200


@requires(Right.SEE_DATA)
@require_GET
def data(request: PortalRequest, company_id: UUID) -> HttpResponse:
    return render(request, "sync/data.html", _source(request, company_id).context)


@requires(Right.SEE_DATA)
@require_GET
def data_type(request: PortalRequest, company_id: UUID, data_type: str) -> HttpResponse:
    source = _source(request, company_id)
    holding = source.holding(data_type)
    context = source.context | {"holding": holding}
    if source.connection is None or not holding.was_pulled:
        return render(request, "sync/data_type.html", context)
    past = Past.read(request, source.connection, holding.data_type)
    context |= {"past": past, "pulls": versions.pulls_to_choose(source.connection, data_type)}
    if isinstance(holding.data_type, DataType) and holding.data_type.is_report:
        return _statement(request, source.connection, context, past, holding.data_type)
    # Of a custom type the table shows all there is; of a standard one what it has by itself.
    is_custom = isinstance(holding.data_type, CustomType)
    extras = extras_of(source.connection, holding.data_type) if is_custom else []
    search = Search.read(request.GET, holding.data_type, moment=past.at)
    template = (
        "sync/data_type.html#records" if _asks_for("records", request) else "sync/data_type.html"
    )
    found = {} if search.error else _found(source.connection, search, request.GET, extras)
    return render(
        request,
        template,
        context
        | {
            "headings": [
                *records.headings(holding.data_type),
                *records.extra_headings(extras),
            ],
            "search": search,
            "examples": examples(holding.data_type, timezone.localdate()),
            "properties": properties(holding.data_type).values(),
        }
        | found,
        status=past.status if "page" in found else 422,
    )


def _found(
    connection: Connection, search: Search, position: Mapping[str, str], extras: list[Extra]
) -> dict[str, Any]:
    try:
        with records.hurried():
            page = records.page(connection, search, position)
            # Of the newest the count is known.
            is_counted = search.text or search.moment
            found = records.count(connection, search) if is_counted else None
    except records.TookTooLong:
        return {"took_too_long": True}
    return {
        "page": page,
        "rows": records.rows(search.data_type, page.rows, extras),
        "found": found,
        "counted": records.COUNTED,
    }


@requires(Right.SEE_DATA)
@require_GET
def export(request: PortalRequest, company_id: UUID, data_type: str) -> HttpResponseBase:
    source = _source(request, company_id)
    holding = source.holding(data_type)
    if source.connection is None or not holding.was_pulled:
        raise Http404(_("Nothing was pulled yet."))
    past = Past.read(request, source.connection, holding.data_type)
    if isinstance(holding.data_type, DataType) and holding.data_type.is_report and not past.refusal:
        stored = _report(source.connection, holding.data_type, past.at)
        if stored is None:
            raise Http404(_("There was no statement yet."))
        return exports.statement(source.company, stored, past.at)
    search = Search.read(request.GET, holding.data_type, moment=past.at)
    if search.error or past.refusal:
        return redirect(
            f"{reverse('sync:data-type', args=[request.organization.slug, company_id, data_type])}"
            f"?{request.GET.urlencode()}"
        )
    return exports.records_found(source.company, source.connection, search)


def _asks_for(part: str, request: PortalRequest) -> bool:
    return wants_fragment(request) and (request.htmx.target or "").endswith(part)


def _statement(
    request: PortalRequest,
    connection: Connection,
    context: dict[str, Any],
    past: Past,
    data_type: DataType,
) -> HttpResponse:
    stored = _report(connection, data_type, past.at)
    if stored is None:
        return render(request, "sync/statement.html", context)
    asked = request.GET.get("periods", "")
    shown = int(asked) if asked in {str(number) for number in PERIODS} else PERIODS[0]
    statement = statements.read(data_type, stored.body, periods=shown)
    context |= {
        "record": stored,
        "statement": statement,
        "shown": shown,
        "choices": [number for number in PERIODS if number <= max(statement.available, PERIODS[0])],
    }
    return render(request, "sync/statement.html", context, status=past.status)


def _report(
    connection: Connection, data_type: DataType, moment: dt.datetime | None
) -> Record | RecordState | None:
    """Find a statement; None when there was none at a past moment.

    :raises Http404: when there is none today.
    """
    single = single_id(data_type)
    if moment:
        return records.records_as_of(connection, data_type, moment).filter(source_id=single).first()
    return get_object_or_404(records.records_of(connection, data_type), source_id=single)


@requires(Right.SEE_DATA)
@require_GET
def record(
    request: PortalRequest, company_id: UUID, data_type: str, source_id: str
) -> HttpResponse:
    source = _source(request, company_id)
    holding = source.holding(data_type)
    if source.connection is None:
        raise Http404(_("No such record."))
    stored = records.find(source.connection, holding.data_type, source_id)
    if stored is None:
        raise Http404(_("No such record."))
    extras = extras_of(source.connection, holding.data_type)
    context = source.context | {
        "holding": holding,
        "record": stored,
        "row": records.rows(holding.data_type, [stored], extras)[0],
        "text": records.pretty(stored.body),
        "changes": versions.changes(stored),
        "notes": versions.notes(stored, holding.newest_pull),
        "asked": request.GET.get("asOf", ""),
    }
    status = 200
    if context["asked"]:
        try:
            context |= _as_of(stored, context["asked"])
        except versions.NoSuchMoment as refused:
            context["refusal"] = str(refused)
            status = 400
    template = "sync/record.html#drawer" if wants_fragment(request) else "sync/record.html"
    return render(request, template, context, status=status)


def _as_of(stored: Record, asked: str) -> dict[str, Any]:
    state = versions.as_of(stored, asked)
    if state.body is None:
        return {"state": state}
    return {
        "state": state,
        "text": records.pretty(state.body),
        "since": versions.differences(state.body, stored.body),
    }


def _source(request: PortalRequest, company_id: UUID) -> Source:
    company = find_company(request, company_id)
    connections = overview.connections_of(company)
    shown = overview.shown_connection(connections, _uuid(request.GET.get("connection", "")))
    return Source(
        company=company,
        connection=shown,
        others=[each for each in connections if each != shown and each.first_linked_at],
        holdings=_holdings(shown),
    )


def _holdings(connection: Connection | None) -> list[Holding]:
    if connection is None:
        return [Holding(each, is_supported=True, status=None) for each in DataType]
    return holdings(connection)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
