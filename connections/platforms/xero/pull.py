"""One pull of one type: lists to their end, reports month by month."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Annotated

import msgspec
from msgspec import Meta

from connections.platforms.base import Page, Rejected, Unexpected, UnknownField
from connections.platforms.drift import unknown_fields
from connections.platforms.http import Answer, decode
from connections.platforms.xero import journals, ledger, mapping, wire
from connections.platforms.xero.api import ACCOUNTING, NAME, NOT_MODIFIED, Api, told_at
from connections.platforms.xero.lists import SOURCES, Source
from connections.platforms.xero.reports import read_balance_sheet, read_profit_and_loss
from connections.platforms.xero.rows import Place, Rows
from connections.schemas import DataType, Record

JOURNALS_SCOPE = "accounting.journals.read"
# What was changed is not always there to read at once, and answers are dated to the second: what
# comes again because of this is the same as before.
OVERLAP = timedelta(seconds=5)
SECOND = timedelta(seconds=1)


class Cursor(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a pull stands after a page; all that another process needs to go on."""

    source: int = 0
    page: int = 1
    done: bool = False
    since: str | None = None
    #: The platform's time when the pull began, which is the watermark.
    started: str | None = None
    #: What is asked for from here on: rows that changed since.
    base: datetime | None = None
    last: Place | None = None


class Pull:
    """Reads one organization's books."""

    def __init__(self, api: Api, tenant: str, *, page_size: int, reads_journals: bool) -> None:
        self._api = api
        self._tenant = tenant
        self._page_size = page_size
        self._reads_journals = reads_journals

    def pages(
        self,
        data_type: DataType,
        *,
        since: str | None,
        cursor: str | None,
        is_incremental: bool,
    ) -> Iterator[Page]:
        """Yield the pages of a type; one that is not incremental comes whole, without watermark."""
        since = since if is_incremental else None
        place = _CURSOR.decode(cursor) if cursor else Cursor(since=since)
        if place.done:
            return iter((_page(place),))
        if data_type.is_single:
            return self._single(data_type)
        if data_type is DataType.JOURNAL_ENTRIES and self._reads_journals:
            return self._journals(place)
        if cursor is None:
            place = _begun(place)
        return self._lists(SOURCES[data_type], place, is_incremental=is_incremental)

    @cached_property
    def chart(self) -> ledger.Chart:
        return ledger.Chart(self._listed_accounts)

    @property
    def base_currency(self) -> str:
        return self._organisation_and_day[0].base_currency

    def _listed_accounts(self) -> Iterable[wire.Account]:
        return self._accounts.values()

    @cached_property
    def _accounts(self) -> dict[str, wire.Account]:
        found = self._api.ask_for(_ACCOUNTS, f"{ACCOUNTING}Accounts", tenant=self._tenant)
        return {account.id: account for account in found.accounts}

    @cached_property
    def _organisation_and_day(self) -> tuple[wire.Organisation, date]:
        path = f"{ACCOUNTING}Organisation"
        answer = self._api.ask(path, tenant=self._tenant)
        today = told_at(answer) or datetime.now(UTC)
        return decode(answer, _ORGANISATIONS, NAME, path).organisations[0], today.date()

    def _single(self, data_type: DataType) -> Iterator[Page]:
        organisation, today = self._organisation_and_day
        if data_type is DataType.COMPANY:
            record: Record = self._company(organisation)
        else:
            read = _REPORTS[data_type]
            record = read(
                self._report,
                today=today,
                currency=organisation.base_currency,
                accounts=lambda: self._accounts,
            )
        yield _page(Cursor(done=True), records=(record,), total=1)

    def _company(self, organisation: wire.Organisation) -> Record:
        try:
            return mapping.company(organisation)
        except ValueError as error:
            raise _unexpected(f"Organisation: {error}") from error

    def _report(self, name: str, params: Mapping[str, str | int]) -> wire.Report:
        path = f"{ACCOUNTING}Reports/{name}"
        found = self._api.ask_for(_REPORT, path, tenant=self._tenant, params=params)
        return found.reports[0]

    def _lists(
        self, sources: tuple[Source, ...], place: Cursor, *, is_incremental: bool
    ) -> Iterator[Page]:
        while not place.done:
            source = sources[place.source]
            answer = self._api.ask(
                f"{ACCOUNTING}{source.path}",
                tenant=self._tenant,
                params=self._params(source, place),
                since=place.base,
            )
            if is_incremental and place.started is None:
                place = msgspec.structs.replace(place, started=_moment(told_at(answer)))
            raws, pagination = _content(source, answer)
            rows = Rows(source.reader(self), reports_gone_since=_gone_since(place))
            if source.has_pages:
                last = rows.read(raws, after=place.last)
                has_more = self._has_more(place, raws, pagination)
                place = self._advance(place, rows, last, has_more=has_more)
            else:
                rows.read_whole(raws)
                place = _next_source(place)
            if place.source >= len(sources):
                place = msgspec.structs.replace(place, done=True)
            yield _page(
                place,
                records=tuple(rows.records),
                deleted_ids=tuple(rows.deleted_ids),
                rejected=tuple(rows.rejected),
                unknown=unknown_fields(raws, source.shape),
            )

    def _params(self, source: Source, place: Cursor) -> dict[str, str | int]:
        params: dict[str, str | int] = {**source.params}
        if source.has_pages:
            # By change, so that what changes meanwhile comes once more at the end.
            params |= {
                "page": place.page,
                "pageSize": self._page_size,
                "order": "UpdatedDateUTC ASC",
            }
        return params

    def _has_more(
        self, place: Cursor, raws: list[msgspec.Raw], pagination: wire.Pagination | None
    ) -> bool:
        """:raises Unexpected: when the page is not the one asked for"""
        if pagination is None:
            return len(raws) >= self._page_size
        if pagination.page != place.page and raws:
            raise _unexpected(f"page {pagination.page} came for page {place.page}")
        return pagination.page_count > place.page

    def _advance(self, place: Cursor, rows: Rows, last: Place | None, *, has_more: bool) -> Cursor:
        """Return the place after a page.

        The next page begins anew with what changed since the last row, rather than with the next
        number: a row that changes moves to the end and would shift others to pages already read.
        Only where a page's rows share a moment does the number count on; there a row that changes
        between two requests may hide another until the next whole pull.

        :raises Unexpected: when the page brought nothing new, and reading on might never end.
        """
        if not has_more:
            return _next_source(place)
        if not rows.fresh:
            raise Unexpected(
                f"{NAME} sent the same data twice.", detail=f"nothing new on page {place.page}"
            )
        place = msgspec.structs.replace(place, last=last)
        base = last.at.replace(microsecond=0) - SECOND if last else None
        if base is not None and rows.first_at is not None and rows.first_at < base:
            return msgspec.structs.replace(place, base=base, page=1)
        return msgspec.structs.replace(place, page=place.page + 1)

    def _journals(self, place: Cursor) -> Iterator[Page]:
        """Read the general ledger, which is only ever added to, by its numbers."""
        number = journals.number_in(place.started or place.since)
        while not place.done:
            path = f"{ACCOUNTING}Journals"
            answer = self._api.ask(path, tenant=self._tenant, params={"offset": number})
            found = journals.read(answer, path, after=number, books=self)
            number = found.number
            place = msgspec.structs.replace(
                place, started=journals.mark(number), done=found.is_last
            )
            yield _page(
                place, records=found.records, rejected=found.rejected, unknown=found.unknown
            )


_CURSOR = msgspec.json.Decoder(Cursor)


class _Accounts(wire.Wire, frozen=True, kw_only=True):
    accounts: tuple[wire.Account, ...]


class _Organisations(wire.Wire, frozen=True, kw_only=True):
    organisations: Annotated[tuple[wire.Organisation, ...], Meta(min_length=1)]


_ACCOUNTS = msgspec.json.Decoder(_Accounts)
_ORGANISATIONS = msgspec.json.Decoder(_Organisations)
_REPORT = msgspec.json.Decoder(wire.Reports)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_PAGINATION = msgspec.json.Decoder(wire.Pagination)

_REPORTS = {
    DataType.BALANCE_SHEET: read_balance_sheet,
    DataType.PROFIT_AND_LOSS: read_profit_and_loss,
}


def _begun(place: Cursor) -> Cursor:
    """Return the place at which a list begins: all of it, or what changed since the watermark."""
    if place.since is None or place.since.startswith(journals.MARK):
        return msgspec.structs.replace(place, since=None)
    base = datetime.fromisoformat(place.since) - OVERLAP
    return msgspec.structs.replace(place, base=base)


def _next_source(place: Cursor) -> Cursor:
    begun = _begun(Cursor(since=place.since))
    return msgspec.structs.replace(begun, source=place.source + 1, started=place.started)


def _gone_since(place: Cursor) -> datetime | None:
    """Return from when on deletions matter: to a whole pull only those made while it runs."""
    if place.since is not None:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromisoformat(place.started) if place.started else None


def _content(source: Source, answer: Answer) -> tuple[list[msgspec.Raw], wire.Pagination | None]:
    """Return the rows of an answer and what it says about its pages.

    :raises Unexpected: when there are no rows where they should be.
    """
    if answer.status == NOT_MODIFIED:
        return [], None
    members = decode(answer, _MEMBERS, NAME, source.path)
    if source.member not in members:
        raise _unexpected(f"{source.path}: no {source.member}")
    try:
        raws = _RAWS.decode(members[source.member])
        told = members.get("pagination")
        return raws, _PAGINATION.decode(told) if told else None
    except msgspec.DecodeError as error:
        raise _unexpected(f"{source.path}: {error}") from error


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _page(
    place: Cursor,
    *,
    records: tuple[Record, ...] = (),
    deleted_ids: tuple[str, ...] = (),
    rejected: tuple[Rejected, ...] = (),
    unknown: tuple[UnknownField, ...] = (),
    total: int | None = None,
) -> Page:
    return Page(
        records=records,
        deleted_ids=deleted_ids,
        rejected=rejected,
        unknown=unknown,
        cursor=msgspec.json.encode(place).decode(),
        watermark=place.started,
        total=total,
    )


def _unexpected(detail: str) -> Unexpected:
    return Unexpected(f"{NAME} gave an answer we do not understand.", detail=detail)
