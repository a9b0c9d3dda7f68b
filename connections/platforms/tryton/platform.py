"""Tryton: a server of the customer's own, reached with an address, a database and a key."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import ClassVar

import msgspec

from connections.platforms.base import (
    CredentialField,
    CredentialPlatform,
    Identity,
    NotSupported,
    Page,
    PermissionMissing,
    SourceType,
)
from connections.platforms.tryton import mapping, typed, wire
from connections.platforms.tryton.account_types import FIELDS as TYPE_FIELDS
from connections.platforms.tryton.account_types import AccountTypes
from connections.platforms.tryton.changes import OVERLAP, Cursor, Watermark
from connections.platforms.tryton.lists import Listing, page_at
from connections.platforms.tryton.questions import COLLECTIONS, PARTY_FIELDS, Books
from connections.platforms.tryton.reports import Reports
from connections.platforms.tryton.server import PLATFORM, Server, unexpected
from connections.schemas import DataType, Record
from connections.words import gettext_noop

# An account's balance moves without the account: what tells one comes whole each time.
_BALANCES = frozenset({DataType.CHART_OF_ACCOUNTS, DataType.BANK_ACCOUNTS})
_STATEMENTS = frozenset({DataType.BALANCE_SHEET, DataType.PROFIT_AND_LOSS})

_RIGHTS = gettext_noop(
    "The key's user needs a group that may read companies, parties with their addresses, contact "
    "mechanisms and identifiers, accounts and account types, fiscal years, periods, journals, "
    "moves with their lines and reconciliations, taxes, invoices with their lines and taxes, "
    "statements with their lines and journals, banks and bank accounts; and, as field access, "
    "balance, debit and credit of accounts, which Tryton keeps to its group Accounting."
)


class Tryton(CredentialPlatform):
    key: ClassVar[str] = "tryton"
    name: ClassVar[str] = PLATFORM
    code: ClassVar[str] = "tryt"
    source_type: ClassVar[SourceType] = "Accounting"
    data_types: ClassVar[frozenset[DataType]] = (
        frozenset(COLLECTIONS) | _STATEMENTS | {DataType.COMPANY}
    )
    incremental: ClassVar[frozenset[DataType]] = frozenset(COLLECTIONS) - _BALANCES
    access: ClassVar[str] = gettext_noop(
        "The key stays good until somebody cancels it in Tryton. It may do whatever its user may, "
        "so that the user should only be allowed to read."
    )
    setup: ClassVar[tuple[str, ...]] = (
        gettext_noop("Nothing to register: each customer gives an address, a database and a key."),
        gettext_noop("The customer's server must run Tryton 8.0 or later."),
        gettext_noop("It must be reachable from here over HTTPS."),
        _RIGHTS,
    )
    fields: ClassVar[tuple[CredentialField, ...]] = (
        CredentialField(
            name="url",
            label=gettext_noop("Address"),
            kind="url",
            help=gettext_noop("Where Tryton is reached, such as https://tryton.example.com"),
        ),
        CredentialField(
            name="database",
            label=gettext_noop("Database"),
            kind="text",
            help=gettext_noop("The name that is chosen when logging in to Tryton."),
        ),
        CredentialField(
            name="key",
            label=gettext_noop("Key"),
            kind="secret",
            help=gettext_noop(
                "In Tryton, create a user with read-only access to accounting, parties and the "
                "company. Add a user application of the kind REST for that user, validate it and "
                "paste its key here."
            ),
        ),
        CredentialField(
            name="company",
            label=gettext_noop("Company"),
            kind="text",
            help=gettext_noop(
                "Only needed where the database holds several companies: the name of one."
            ),
            is_required=False,
        ),
    )

    page_size: ClassVar[int] = 200

    @cached_property
    def server(self) -> Server:
        return Server(
            self.http,
            self.credentials.parameters.get("database", "").strip(),
            self.credentials.access_token.strip(),
            sleep=self.sleep,
        )

    def identity(self) -> Identity:
        """Return the company, having made sure that its books can be read.

        :raises InvalidCredentials: naming what was typed in wrongly.
        """
        typed.check_key(self.server)
        typed.check_address(self.server)
        companies = self._companies()
        company = self._chosen(companies)
        if company is None:
            raise typed.undecided(companies)
        self.server.context = {"company": company.id}
        typed.check_rights(self.server)
        return Identity(
            id=_identity(self.server.database, company),
            name=company.party.name or self.server.database,
        )

    @classmethod
    def moment_of(cls, watermark: str) -> datetime | None:
        return _WATERMARK.decode(watermark).floor

    @classmethod
    def moved(cls, watermark: str, at: datetime) -> str:
        mark = msgspec.structs.replace(_WATERMARK.decode(watermark), floor=at)
        return msgspec.json.encode(mark).decode()

    def fetch(
        self, data_type: DataType, *, since: str | None, cursor: str | None
    ) -> Iterator[Page]:
        if data_type not in self.data_types:
            raise NotSupported(f"{self.name} has no {data_type.english.lower()}.")
        place = _CURSOR.decode(cursor) if cursor else None
        if place is not None and place.done:
            return iter((page_at(place),))
        if data_type.is_single:
            return self._single(data_type)
        return self._list(data_type, place, since if data_type in self.incremental else None)

    def _single(self, data_type: DataType) -> Iterator[Page]:
        self.server.require({"account.account": "account"})
        try:
            record = self._record(data_type)
        except (ValueError, ArithmeticError) as error:
            raise unexpected(f"{data_type}: {error}") from error
        yield page_at(Cursor(done=True), records=(record,))

    def _record(self, data_type: DataType) -> Record:
        if data_type is DataType.COMPANY:
            return self._company_record()
        reports = Reports(
            self.server,
            self._company.id,
            types=self._types,
            currency=self._company.currency.code,
        )
        if data_type is DataType.BALANCE_SHEET:
            return reports.balance_sheet()
        return reports.profit_and_loss()

    def _list(self, data_type: DataType, place: Cursor | None, since: str | None) -> Iterator[Page]:
        collection = COLLECTIONS[data_type]
        self.server.require(collection.needs)
        company = self._company
        assert self.server.clock is not None
        if place is None:
            place = Cursor(
                floor=self.server.clock - OVERLAP,
                since=_WATERMARK.decode(since) if since else None,
            )
        has_types = data_type is DataType.CHART_OF_ACCOUNTS
        books = Books(
            base_currency=company.currency.code,
            types=self._types if has_types else None,
            bank_accounts=self._bank_accounts() if has_types else frozenset(),
        )
        yield from Listing(
            server=self.server,
            company_id=company.id,
            collection=collection,
            to_record=collection.to_record(books),
            page_size=self.page_size,
        ).pages(place)

    def _company_record(self) -> Record:
        company = self._company
        own = [["company", "=", company.id]]
        dates = ("start_date", "end_date")
        first = self.server.read(
            _SPAN, "account.fiscalyear", dates, own, order=[["start_date", "ASC"]], size=1
        )
        locked = self.server.read(
            _SPAN,
            "account.period",
            dates,
            [*own, ["state", "in", ["closed", "locked"]], ["type", "=", "standard"]],
            order=[["end_date", "DESC"]],
            size=1,
        )
        return mapping.company(
            company,
            first_year=first[0] if first else None,
            locked=locked[0] if locked else None,
        )

    @cached_property
    def _company(self) -> wire.Company:
        """:raises PermissionMissing: when it is not clear which company is meant."""
        companies = self._companies()
        company = self._chosen(companies)
        if company is None:
            raise PermissionMissing(
                f"It is not clear which company at {self.name} is meant.",
                detail=f"{len(companies)} companies",
            )
        self.server.context = {"company": company.id}
        return company

    def _companies(self) -> list[wire.Company]:
        self.server.require({"company.company": "company"})
        fields = [f"party.{field}" for field in PARTY_FIELDS]
        return self.server.read(
            _COMPANY, "company.company", [*fields, "currency.code", "create_date"]
        )

    def _chosen(self, companies: list[wire.Company]) -> wire.Company | None:
        wanted = self.credentials.parameters.get("company", "").strip().casefold()
        found = [
            each for each in companies if not wanted or (each.party.name or "").casefold() == wanted
        ]
        return found[0] if len(found) == 1 else None

    @cached_property
    def _types(self) -> AccountTypes:
        own = [["company", "=", self._company.id]]
        return AccountTypes(self.server.read(_TYPE, "account.account.type", TYPE_FIELDS, own))

    def _bank_accounts(self) -> frozenset[int]:
        """Return the ledger accounts that bank statements are booked to."""
        if "account.statement.journal" not in self.server.models:
            return frozenset()
        journals = self.server.read(
            _BANK_JOURNAL,
            "account.statement.journal",
            ("account",),
            [["company", "=", self._company.id]],
        )
        return frozenset(each.account for each in journals)


def _identity(database: str, company: wire.Company) -> str:
    """Return what tells a company from those of the same number on other servers.

    The moment of its making moves with the database, when that moves to another address.

    :raises Unexpected: when that is no moment.
    """
    try:
        made = company.create_date.utc if company.create_date else None
    except ValueError as error:
        raise unexpected(f"company: {error}") from error
    return f"{database}:{company.id}:{made:%Y%m%d%H%M%S%f}" if made else f"{database}:{company.id}"


class _BankJournal(msgspec.Struct):
    account: int


_CURSOR = msgspec.json.Decoder(Cursor)
_WATERMARK = msgspec.json.Decoder(Watermark)
_COMPANY = msgspec.json.Decoder(wire.Company)
_SPAN = msgspec.json.Decoder(wire.Span)
_TYPE = msgspec.json.Decoder(wire.AccountType)
_BANK_JOURNAL = msgspec.json.Decoder(_BankJournal)
