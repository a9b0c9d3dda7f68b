"""One pull of one type: what changed where QuickBooks tells, else lists to their end."""

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import httpx
import msgspec

from connections.platforms.base import Page, Rejected, Unexpected, UnknownField
from connections.platforms.drift import unknown_fields
from connections.platforms.http import Answer
from connections.platforms.quickbooks import answers, known, mapping, wire
from connections.platforms.quickbooks.api import NAME, Api
from connections.platforms.quickbooks.known import Watermark
from connections.platforms.quickbooks.lists import ANY_ACTIVE, BANK_ACCOUNTS, SOURCES, Source
from connections.platforms.quickbooks.moments import written
from connections.platforms.quickbooks.reports import read_balance_sheet, read_profit_and_loss
from connections.platforms.quickbooks.rows import Place, Rows
from connections.schemas import DataType, Record

# What was changed is not always there to read at once, and changes are dated to the second: what
# comes again because of this is the same as before.
OVERLAP = timedelta(seconds=5)
SECOND = timedelta(seconds=1)
# https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture
LOOK_BACK = timedelta(days=30)
MOST_CHANGES = 1000


class Cursor(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a pull stands after a page; all that another process needs to go on."""

    source: int = 0
    start: int = 1
    done: bool = False
    since: Watermark | None = None
    #: The platform's time when the pull began, which is the watermark's.
    started: datetime | None = None
    #: What is asked for from here on: rows that changed since.
    base: datetime | None = None
    last: Place | None = None
    #: The rows that became records so far, by entity, packed.
    ids: dict[str, str] = {}


class Pull:
    """Reads one company's books."""

    def __init__(self, api: Api, data_type: DataType, *, page_size: int, tracks: bool) -> None:
        self._api = api
        self._data_type = data_type
        self._page_size = page_size
        self._tracks = tracks

    def pages(self, *, since: str | None, cursor: str | None) -> Iterator[Page]:
        if cursor:
            place = _CURSOR.decode(cursor)
        else:
            mark = known.read(since) if since and self._tracks else None
            place = Cursor(since=mark)
        if place.done:
            yield self._page(place)
        elif self._data_type.is_single:
            yield self._page(Cursor(done=True), records=(self._single(),), total=1)
        elif cursor is None and place.since is not None:
            yield from self._changes(place, place.since)
        else:
            yield from self._lists(place)

    def home_currency(self) -> str:
        return self._preferences.currency_prefs.home_currency.value

    def tax_rates(self) -> Mapping[str, wire.TaxRate]:
        return self._tax_rates

    def bank_accounts(self) -> Container[str]:
        return self._bank_accounts

    @cached_property
    def _tax_rates(self) -> Mapping[str, wire.TaxRate]:
        rows = (_TAX_RATE.decode(raw) for raw in self._all("TaxRate", (ANY_ACTIVE,)))
        return {rate.id: rate for rate in rows}

    @cached_property
    def _bank_accounts(self) -> Container[str]:
        return {_ACCOUNT.decode(raw).id for raw in self._all("Account", BANK_ACCOUNTS)}

    @cached_property
    def _preferences(self) -> wire.Preferences:
        return self._api.ask_for(_PREFERENCES, "preferences").preferences

    def _single(self) -> Record:
        if self._data_type is DataType.BALANCE_SHEET:
            return read_balance_sheet(self._report, today=_today())
        if self._data_type is DataType.PROFIT_AND_LOSS:
            return read_profit_and_loss(self._report, today=_today())
        path = f"companyinfo/{self._api.realm}"
        found = self._api.ask_for(_COMPANY, path).company_info
        try:
            return mapping.company(found, self._preferences, self._api.realm)
        except ValueError as error:
            raise _unexpected(f"CompanyInfo: {error}") from error

    def _report(self, name: str, params: Mapping[str, str | int]) -> wire.Report:
        return self._api.ask_for(_REPORT, f"reports/{name}", params)

    def _changes(self, place: Cursor, since: Watermark) -> Iterator[Page]:
        """Read what changed in one answer, or all where one cannot tell."""
        sources = SOURCES[self._data_type]
        entities = tuple(source.entity for source in sources)
        at = since.at - OVERLAP
        params = {"entities": ",".join(entities), "changedSince": written(at)}
        # A time too long ago is refused.
        answer = self._api.ask("cdc", params, accepted=(httpx.codes.OK, httpx.codes.BAD_REQUEST))
        told = answers.told_at(answer)
        place = msgspec.structs.replace(place, started=told)
        if answer.status != httpx.codes.OK or told is None or told - at > LOOK_BACK:
            yield from self._lists(place)
            return
        found = answers.changed(answer, entities)
        if sum(map(len, found.values())) >= MOST_CHANGES:
            # Deletions come last, so that it is them that were cut off.
            yield from self._lists(place)
            return
        yield self._changed_page(place, sources, found)

    def _changed_page(
        self, place: Cursor, sources: tuple[Source, ...], found: dict[str, list[msgspec.Raw]]
    ) -> Page:
        earlier = place.since.ids if place.since else {}
        ids = dict(earlier)
        read: list[Rows] = []
        for source in sources:
            rows = Rows(source.reader(self), known.unpack(earlier.get(source.entity)))
            rows.read_changes(found[source.entity])
            if found[source.entity]:
                ids[source.entity] = known.pack(rows.known)
            read.append(rows)
        place = msgspec.structs.replace(place, done=True, since=None, ids=ids)
        return self._page(
            place,
            records=tuple(record for rows in read for record in rows.records),
            deleted_ids=tuple(gone for rows in read for gone in rows.deleted_ids),
            rejected=tuple(each for rows in read for each in rows.rejected),
            unknown=tuple(
                each
                for source in sources
                for each in unknown_fields(found[source.entity], source.shape)
            ),
        )

    def _lists(self, place: Cursor) -> Iterator[Page]:
        sources = SOURCES[self._data_type]
        while not place.done:
            source = sources[place.source]
            answer = self._ask(source, place)
            if place.started is None:
                place = msgspec.structs.replace(place, started=answers.told_at(answer))
            raws = answers.queried(answer, source.entity)
            floor = place.since.at - OVERLAP if place.since else None
            so_far = known.unpack(place.ids.get(source.entity))
            rows = Rows(source.reader(self), so_far, floor=floor)
            last = rows.read(raws, after=place.last)
            has_more = len(raws) >= self._page_size
            if not has_more and place.since:
                rows.miss(known.unpack(place.since.ids.get(source.entity)))
            place = self._remember(place, source, rows)
            place = _advance(place, rows, last, has_more=has_more, is_last=source is sources[-1])
            yield self._page(
                place,
                records=tuple(rows.records),
                deleted_ids=tuple(rows.deleted_ids),
                rejected=tuple(rows.rejected),
                unknown=unknown_fields(raws, source.shape),
            )

    def _ask(self, source: Source, place: Cursor) -> Answer:
        where = source.where
        if place.base is not None:
            where += (f"MetaData.LastUpdatedTime >= '{written(place.base)}'",)
        return self._query(source.entity, where, place.start)

    def _query(self, entity: str, where: tuple[str, ...], start: int) -> Answer:
        # By change, so that what changes meanwhile comes once more at the end.
        parts = (
            f"SELECT * FROM {entity}",  # noqa: S608 - all parts are ours
            f"WHERE {' AND '.join(where)}" if where else "",
            "ORDERBY MetaData.LastUpdatedTime",
            f"STARTPOSITION {start} MAXRESULTS {self._page_size}",
        )
        return self._api.ask("query", {"query": " ".join(filter(None, parts))})

    def _all(self, entity: str, where: tuple[str, ...]) -> Iterator[msgspec.Raw]:
        """Yield a short list that others refer to.

        :raises Unexpected: when a page brought nothing new, and reading on might never end.
        """
        start, seen = 1, set[bytes]()
        while True:
            raws = answers.queried(self._query(entity, where, start), entity)
            fresh = [raw for raw in raws if bytes(raw) not in seen]
            yield from fresh
            if len(raws) < self._page_size:
                return
            if not fresh:
                raise _repeated(f"{entity} from {start}")
            seen.update(map(bytes, fresh))
            start += len(raws)

    def _remember(self, place: Cursor, source: Source, rows: Rows) -> Cursor:
        if not self._tracks:
            return place
        ids = {**place.ids, source.entity: known.pack(rows.known)}
        return msgspec.structs.replace(place, ids=ids)

    def _page(
        self,
        place: Cursor,
        *,
        records: tuple[Record, ...] = (),
        deleted_ids: tuple[str, ...] = (),
        rejected: tuple[Rejected, ...] = (),
        unknown: tuple[UnknownField, ...] = (),
        total: int | None = None,
    ) -> Page:
        mark = Watermark(at=place.started, ids=place.ids) if place.started else None
        return Page(
            records=records,
            deleted_ids=deleted_ids,
            rejected=rejected,
            unknown=unknown,
            cursor=msgspec.json.encode(place).decode(),
            watermark=known.written(mark) if mark and self._tracks else None,
            total=total,
        )


_CURSOR = msgspec.json.Decoder(Cursor)
_COMPANY = msgspec.json.Decoder(wire.CompanyAnswer)
_PREFERENCES = msgspec.json.Decoder(wire.PreferencesAnswer)
_REPORT = msgspec.json.Decoder(wire.Report)
_TAX_RATE = msgspec.json.Decoder(wire.TaxRate)
_ACCOUNT = msgspec.json.Decoder(wire.Listed)


def _advance(
    place: Cursor, rows: Rows, last: Place | None, *, has_more: bool, is_last: bool
) -> Cursor:
    """Return the place after a page.

    The next page begins anew with what changed since the last row, rather than with the next
    position: a row that changes moves to the end and would shift others to pages already read.
    Only where too many rows share a moment does the position count on.

    :raises Unexpected: when the page brought nothing new, and reading on might never end.
    """
    replace = msgspec.structs.replace
    if not has_more:
        if is_last:
            # Their work is done: a cursor that ends a pull need not carry them.
            return replace(place, done=True, since=None, base=None, last=None)
        return replace(place, source=place.source + 1, start=1, base=None, last=None)
    if not rows.fresh:
        raise _repeated(f"nothing new from {place.start}")
    place = replace(place, last=last)
    base = last.at.replace(microsecond=0) - SECOND if last else None
    if base is not None and rows.first_at is not None and rows.first_at < base:
        return replace(place, base=base, start=1)
    return replace(place, start=place.start + rows.count)


def _today() -> date:
    """Return the day that decides which month is the newest."""
    return datetime.now(UTC).date()


def _repeated(detail: str) -> Unexpected:
    return Unexpected(f"{NAME} sent the same data twice.", detail=detail)


def _unexpected(detail: str) -> Unexpected:
    return Unexpected(f"{NAME} gave an answer we do not understand.", detail=detail)
