"""hledger: a journal served by hledger-web, which gives everything in one answer."""

from collections import Counter
from collections.abc import Iterator
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
)
from connections.platforms.decoding import UNREADABLE, unstorable
from connections.platforms.hledger import mapping, statements, wire
from connections.platforms.hledger.journal import Journal, source_id
from connections.platforms.http import get_json
from connections.schemas import DataType, Record


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
    access: ClassVar[str] = "The server answers whoever reaches it; access ends when it moves."
    setup: ClassVar[tuple[str, ...]] = (
        "Nothing to register: customers serve their journal with hledger-web --serve-api.",
        "hledger-web asks for no key. Put a proxy in front that does, or a private network.",
    )
    fields: ClassVar[tuple[CredentialField, ...]] = (
        CredentialField(
            name="url",
            label="Address",
            kind="url",
            help="Where hledger-web --serve-api is reached, such as https://books.example.com.",
        ),
        CredentialField(
            name="key",
            label="Key",
            kind="secret",
            help="Only where a proxy before hledger-web asks for a bearer token.",
            is_required=False,
        ),
    )

    def identity(self) -> Identity:
        try:
            self._get("/version", _VERSION)
        except Unexpected as error:
            raise InvalidCredentials(
                "What answers at this address is not hledger-web's JSON API. Start it with "
                "--serve-api.",
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
            raise NotSupported(f"{self.name} has no {data_type.label.lower()}.")
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
        journal, _ = self._journal()
        balances = journal.balances()
        records: list[Record] = []
        rejected: list[Rejected] = []
        for raw in self._get("/accounts", _ROWS):
            row = _read(raw, _ACCOUNT)
            if isinstance(row, Rejected):
                rejected.append(row)
            elif row.aname != _ROOT:
                balance = balances.get(row.aname, Decimal())
                records.append(mapping.account(row.aname, journal, balance))
        yield _page(records, rejected)

    def _entries(self) -> Iterator[Page]:
        journal, rejected = self._journal()
        records: list[Record] = []
        seen: Counter[str] = Counter()
        for transaction in journal.transactions:
            # The same words twice on one day are two entries.
            entry_id = source_id(transaction)
            seen[entry_id] += 1
            if seen[entry_id] > 1:
                entry_id = f"{entry_id}-{seen[entry_id]}"
            try:
                records.append(mapping.journal_entry(transaction, journal, entry_id))
            except ValueError as error:
                raw = msgspec.json.encode(transaction)
                rejected.append(Rejected(source_id=entry_id, raw=raw, reason=str(error)))
        yield _page(records, rejected)

    def _statement(self, data_type: DataType) -> Iterator[Page]:
        journal, _ = self._journal()
        make = (
            statements.balance_sheet
            if data_type is DataType.BALANCE_SHEET
            else statements.profit_and_loss
        )
        try:
            record = make(journal)
        except statements.NoType as error:
            raise Unexpected(
                f"{error} Declare what it is in the journal: account … ; type: Asset.",
                detail=str(error),
            ) from error
        yield _page([record], [])

    def _journal(self) -> tuple[Journal, list[Rejected]]:
        """Read the whole journal; there is no smaller piece to ask for."""
        transactions: list[wire.Transaction] = []
        rejected: list[Rejected] = []
        for raw in self._get("/transactions", _ROWS):
            row = _read(raw, _TRANSACTION)
            if isinstance(row, Rejected):
                rejected.append(row)
            else:
                transactions.append(row)
        return Journal(transactions), rejected

    def _get[T](self, path: str, decoder: msgspec.json.Decoder[T]) -> T:
        return get_json(
            self.http,
            path,
            platform=self.name,
            token=self.credentials.access_token,
            decoder=decoder,
            sleep=self.sleep,
        )


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


def _page(records: list[Record], rejected: list[Rejected]) -> Page:
    total = len(records) + len(rejected)
    return Page(records=records, rejected=rejected, cursor=_DONE, total=total)


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
