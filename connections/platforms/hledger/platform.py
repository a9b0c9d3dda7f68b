"""hledger: a journal served by hledger-web, which gives everything in one answer."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from connections.platforms.base import (
    CredentialField,
    CredentialPlatform,
    Identity,
    InvalidCredentials,
    NotSupported,
    Page,
    Rejected,
    SourceType,
    Unexpected,
    UnknownField,
)
from connections.platforms.decoding import UNREADABLE, unstorable
from connections.platforms.drift import shape_of, unknown_fields
from connections.platforms.hledger import mapping, statements, wire
from connections.platforms.hledger.journal import Journal, source_id
from connections.platforms.http import get_json
from connections.schemas import DataType, Record
from connections.words import gettext_noop


class Hledger(CredentialPlatform):
    key: ClassVar[str] = "hledger"
    name: ClassVar[str] = "hledger"
    code: ClassVar[str] = "hldg"
    source_type: ClassVar[SourceType] = "Accounting"
    data_types: ClassVar[frozenset[DataType]] = frozenset(
        {
            DataType.CHART_OF_ACCOUNTS,
            DataType.JOURNAL_ENTRIES,
            DataType.BALANCE_SHEET,
            DataType.PROFIT_AND_LOSS,
        }
    )
    incremental: ClassVar[frozenset[DataType]] = frozenset()
    access: ClassVar[str] = gettext_noop(
        "The server answers whoever reaches it; access ends when it moves."
    )
    setup: ClassVar[tuple[str, ...]] = (
        gettext_noop(
            "Nothing to register: customers serve their journal with hledger-web --serve-api."
        ),
        gettext_noop(
            "hledger-web asks for no key. Put a proxy in front that does, or a private network."
        ),
    )
    fields: ClassVar[tuple[CredentialField, ...]] = (
        CredentialField(
            name="url",
            label=gettext_noop("Address"),
            kind="url",
            help=gettext_noop(
                "Where hledger-web --serve-api is reached, such as https://books.example.com."
            ),
        ),
        CredentialField(
            name="key",
            label=gettext_noop("Key"),
            kind="secret",
            help=gettext_noop("Only where a proxy before hledger-web asks for a bearer token."),
            is_required=False,
        ),
    )

    def identity(self) -> Identity:
        try:
            self._get("/version", _VERSION)
        except Unexpected as error:
            raise InvalidCredentials(
                gettext_noop(
                    "What answers at this address is not hledger-web's JSON API. Start it with "
                    "--serve-api."
                ),
                field="url",
                detail=error.detail,
            ) from error
        # A journal has neither name nor number: it is the one at this address.
        url = self.credentials.parameters["url"]
        return Identity(id=url, name=f"Journal at {urlsplit(url).netloc}")

    def fetch(
        self, data_type: DataType, *, since: str | None, cursor: str | None
    ) -> Iterator[Page]:
        del since  # nothing tells what changed
        if data_type not in self.data_types:
            raise NotSupported(f"{self.name} has no {data_type.english.lower()}.")
        if cursor == _DONE:
            return iter((Page(cursor=_DONE),))
        match data_type:
            case DataType.CHART_OF_ACCOUNTS:
                return self._accounts()
            case DataType.JOURNAL_ENTRIES:
                return self._entries()
            case _:
                return self._statement(data_type)

    def _accounts(self) -> Iterator[Page]:
        journal = self._journal().journal
        balances = journal.balances()
        records: list[Record] = []
        rejected: list[Rejected] = []
        raws = self._get("/accounts", _ROWS)
        for raw in raws:
            row = _read(raw, _ACCOUNT)
            if isinstance(row, Rejected):
                rejected.append(row)
            elif row.aname != _ROOT:
                balance = balances.get(row.aname, Decimal())
                records.append(mapping.account(row.aname, journal, balance))
        yield _page(records, rejected, unknown_fields(raws, _ACCOUNT_SHAPE))

    def _entries(self) -> Iterator[Page]:
        read = self._journal()
        records: list[Record] = []
        rejected = list(read.rejected)
        for entry_id, transaction in read.named():
            try:
                records.append(mapping.journal_entry(transaction, read.journal, entry_id))
            except ValueError as error:
                rejected.append(read.reject(entry_id, transaction, str(error)))
        yield _page(records, rejected, unknown_fields(read.rows.values(), _TRANSACTION_SHAPE))

    def _statement(self, data_type: DataType) -> Iterator[Page]:
        read = self._journal()
        make = (
            statements.balance_sheet
            if data_type is DataType.BALANCE_SHEET
            else statements.profit_and_loss
        )
        try:
            record = make(read.journal)
        except statements.NoType as error:
            raise Unexpected(
                f"{error} Declare what it is in the journal: account … ; type: Asset.",
                detail=str(error),
            ) from error
        # What is left out of the entries is missing in the statement, too, and it says so.
        yield _page([record], read.left_out())

    def _journal(self) -> "_Reading":
        """Read the whole journal; there is no smaller piece to ask for."""
        read = [(_read(raw, _TRANSACTION), bytes(raw)) for raw in self._get("/transactions", _ROWS)]
        rows = {row.tindex: raw for row, raw in read if isinstance(row, wire.Transaction)}
        return _Reading(
            journal=Journal(row for row, _ in read if isinstance(row, wire.Transaction)),
            rejected=[row for row, _ in read if isinstance(row, Rejected)],
            rows=rows,
        )

    def _get[T](self, path: str, decoder: msgspec.json.Decoder[T]) -> T:
        return get_json(
            self.http,
            path,
            platform=self.name,
            token=self.credentials.access_token,
            decoder=decoder,
            sleep=self.sleep,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A journal as it came: what was understood, what was not, and every row by its place."""

    journal: Journal
    rejected: list[Rejected]
    rows: Mapping[int, bytes]

    def named(self) -> Iterator[tuple[str, wire.Transaction]]:
        """Yield the entries with their ids: the same words twice on one day are two entries."""
        seen: Counter[str] = Counter()
        for transaction in self.journal.transactions:
            entry_id = source_id(transaction)
            seen[entry_id] += 1
            yield (entry_id if seen[entry_id] == 1 else f"{entry_id}-{seen[entry_id]}"), transaction

    def reject(self, entry_id: str, transaction: wire.Transaction, reason: str) -> Rejected:
        return Rejected(source_id=entry_id, raw=self.rows[transaction.tindex], reason=reason)

    def left_out(self) -> list[Rejected]:
        """Return all that no figure holds."""
        left_out = list(self.rejected)
        for entry_id, transaction in self.named():
            try:
                self.journal.posted(transaction)
            except ValueError as error:
                left_out.append(self.reject(entry_id, transaction, str(error)))
        return left_out


def _read[T: msgspec.Struct](raw: msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T | Rejected:
    try:
        row = decoder.decode(raw)
        fault = unstorable(bytes(raw), row)
    except (*UNREADABLE, ValueError) as error:
        fault = str(error)
    if fault:
        return Rejected(source_id=_name(raw), raw=bytes(raw), reason=fault)
    return row


def _name(raw: msgspec.Raw) -> str | None:
    """Return what a row that is kept aside is found by: the account, or the place in the file."""
    try:
        named = _NAMED.decode(raw)
    except UNREADABLE:
        return None
    return named.aname or (f"transaction {named.tindex}" if named.tindex else None)


def _page(
    records: list[Record], rejected: list[Rejected], unknown: tuple[UnknownField, ...] = ()
) -> Page:
    total = len(records) + len(rejected)
    return Page(records=records, rejected=rejected, unknown=unknown, cursor=_DONE, total=total)


class _Named(msgspec.Struct):
    aname: str | None = None
    tindex: int | None = None


_DONE = "done"
_ROOT = "root"
_VERSION = msgspec.json.Decoder(str)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_NAMED = msgspec.json.Decoder(_Named)
_ACCOUNT = msgspec.json.Decoder(wire.Account)
_TRANSACTION = msgspec.json.Decoder(wire.Transaction)
_ACCOUNT_SHAPE = shape_of(wire.Account, wire.DOCUMENTED)
_TRANSACTION_SHAPE = shape_of(wire.Transaction, wire.DOCUMENTED)
