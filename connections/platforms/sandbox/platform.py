"""The sandbox platform: sample businesses on a server of their own, reached over HTTP only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar

import httpx
import msgspec

from connections.platforms import oauth
from connections.platforms.base import (
    Credentials,
    Environment,
    Identity,
    NotSupported,
    OAuthPlatform,
    Page,
    PlatformApp,
    Rejected,
    SourceType,
    Unexpected,
)
from connections.platforms.http import get_json
from connections.platforms.sandbox import documents, mapping, statements, wire
from connections.platforms.sandbox.rows import Place, Rows
from connections.schemas import DataType, Record
from connections.words import gettext_noop


class _Cursor(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a pull stands after a page; all that another process needs to go on."""

    page: int
    done: bool = False
    since: str | None = None
    as_of: str | None = None
    total: int | None = None
    seen: int = 0
    # The last row's place in the platform's order: the next page must begin beyond it.
    last: Place | None = None


class Sandbox(OAuthPlatform):
    key: ClassVar[str] = "sandbox"
    name: ClassVar[str] = "Sandbox"
    code: ClassVar[str] = "mqjo"
    source_type: ClassVar[SourceType] = "Accounting"
    data_types: ClassVar[frozenset[DataType]] = frozenset(DataType)
    incremental: ClassVar[frozenset[DataType]] = frozenset(
        data_type for data_type in DataType if not data_type.is_single
    )
    scopes: ClassVar[tuple[str, ...]] = ("accounting.read", "offline_access")
    environments: ClassVar[tuple[Environment, ...]] = ("sandbox",)
    access: ClassVar[str] = gettext_noop(
        "Access tokens live for minutes and renew themselves; customers unlink when they wish."
    )
    setup: ClassVar[tuple[str, ...]] = (
        gettext_noop("Nothing to set up: it comes with Ledgerport."),
    )

    page_size: ClassVar[int] = 500

    @classmethod
    def api_url(cls, app: PlatformApp, credentials: Credentials | None = None) -> str:
        del credentials
        return app.base_url

    @classmethod
    def consent_origins(cls, app: PlatformApp) -> tuple[str, ...]:
        return (app.base_url,)

    @classmethod
    def check_registration(cls, http: httpx.Client, app: PlatformApp) -> None:
        oauth.check_registration(http, app, _endpoint(app, "token"), platform=cls.name)

    @classmethod
    def authorize_url(
        cls, app: PlatformApp, *, state: str, redirect_uri: str, code_challenge: str
    ) -> str:
        return oauth.authorize_url(
            _endpoint(app, "authorize"),
            app,
            scope=" ".join(app.scopes or cls.scopes),
            state=state,
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
        )

    @classmethod
    def exchange(
        cls,
        http: httpx.Client,
        app: PlatformApp,
        *,
        code: str,
        redirect_uri: str,
        code_verifier: str,
        callback: Mapping[str, str],
    ) -> Credentials:
        del callback
        return oauth.exchange(
            http,
            app,
            _endpoint(app, "token"),
            platform=cls.name,
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
        )

    @classmethod
    def refresh(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> Credentials:
        return oauth.refresh(
            http, app, _endpoint(app, "token"), platform=cls.name, credentials=credentials
        )

    @classmethod
    def revoke(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> None:
        oauth.revoke(
            http, app, _endpoint(app, "revoke"), platform=cls.name, credentials=credentials
        )

    def identity(self) -> Identity:
        connection = self._get("/api/v1/connection", _CONNECTION)
        return Identity(id=connection.business_id, name=connection.business_name)

    def fetch(
        self, data_type: DataType, *, since: str | None, cursor: str | None
    ) -> Iterator[Page]:
        if data_type not in self.data_types:
            raise NotSupported(f"{self.name} has no {data_type.english.lower()}.")
        place = _CURSOR.decode(cursor) if cursor else _Cursor(page=0, since=since)
        if place.done:
            return iter((_page(place),))
        if data_type.is_single:
            return self._single(data_type)
        return self._pages(data_type, place)

    def _single(self, data_type: DataType) -> Iterator[Page]:
        if data_type is DataType.COMPANY:
            record: Record = self._company_record()
        else:
            path, decoder, to_record = _REPORTS[data_type]
            record = to_record(self._get(f"/api/v1/reports/{path}", decoder))
        yield _page(_Cursor(page=1, done=True, total=1, seen=1), records=(record,))

    def _company_record(self) -> Record:
        try:
            return mapping.company(self._company)
        except ValueError as error:
            raise self._unexpected(f"company: {error}") from error

    def _pages(self, data_type: DataType, place: _Cursor) -> Iterator[Page]:
        collection = _COLLECTIONS[data_type]
        to_record = collection.to_record
        if data_type is DataType.JOURNAL_ENTRIES:
            to_record = partial(mapping.journal_entry, base_currency=self._company.base_currency)
        while not place.done:
            envelope = self._get(
                f"/api/v1/{collection.path}", _ENVELOPE, params=self._params(place)
            )
            rows = Rows(collection.decoder, to_record)
            last = rows.read(envelope.items, after=place.last)
            place = self._advance(place, envelope, last)
            yield _page(
                place,
                records=tuple(rows.records),
                deleted_ids=tuple(rows.deleted_ids),
                rejected=tuple(rows.rejected),
            )

    def _params(self, place: _Cursor) -> dict[str, str | int]:
        params: dict[str, str | int] = {"page": place.page + 1, "page_size": self.page_size}
        if place.since:
            params["modified_since"] = place.since
        if place.as_of:
            params["as_of"] = place.as_of
        return params

    def _advance(self, place: _Cursor, envelope: wire.Envelope, last: Place | None) -> _Cursor:
        """Return the place after a page.

        :raises Unexpected: when the page is not the one that follows.
        """
        if envelope.page != place.page + 1:
            raise self._unexpected(f"page {envelope.page} came for page {place.page + 1}")
        if place.as_of is not None and (envelope.as_of, envelope.total) != (
            place.as_of,
            place.total,
        ):
            raise self._unexpected(f"the snapshot changed at page {envelope.page}")
        seen = place.seen + len(envelope.items)
        done = envelope.page >= envelope.pages
        if seen > envelope.total or (done and seen < envelope.total):
            raise self._unexpected(f"{seen} rows came of {envelope.total}")
        if not done and not envelope.items:
            raise self._unexpected(f"page {envelope.page} of {envelope.pages} is empty")
        return _Cursor(
            page=envelope.page,
            done=done,
            since=place.since,
            as_of=envelope.as_of,
            total=envelope.total,
            seen=seen,
            last=last,
        )

    @cached_property
    def _company(self) -> wire.Company:
        return self._get("/api/v1/company", _COMPANY)

    def _get[T](
        self,
        path: str,
        decoder: msgspec.json.Decoder[T],
        params: Mapping[str, str | int] | None = None,
    ) -> T:
        return get_json(
            self.http,
            path,
            platform=self.name,
            token=self.credentials.access_token,
            decoder=decoder,
            params=params,
            sleep=self.sleep,
        )

    def _unexpected(self, detail: str) -> Unexpected:
        return Unexpected(f"{self.name} gave an answer we do not understand.", detail=detail)


def _page(
    place: _Cursor,
    *,
    records: tuple[Record, ...] = (),
    deleted_ids: tuple[str, ...] = (),
    rejected: tuple[Rejected, ...] = (),
) -> Page:
    return Page(
        records=records,
        deleted_ids=deleted_ids,
        rejected=rejected,
        cursor=msgspec.json.encode(place).decode(),
        watermark=place.as_of,
        total=place.total,
    )


def _endpoint(app: PlatformApp, name: str) -> str:
    return f"{app.base_url.rstrip('/')}/oauth/{name}"


_CURSOR = msgspec.json.Decoder(_Cursor)
_ENVELOPE = msgspec.json.Decoder(wire.Envelope)
_CONNECTION = msgspec.json.Decoder(wire.Connection)
_COMPANY = msgspec.json.Decoder(wire.Company)


@dataclass(frozen=True, slots=True)
class _Collection:
    path: str
    decoder: msgspec.json.Decoder[Any]
    to_record: Callable[[Any], Record]


def _collection[W: wire.Row](
    path: str, row_type: type[W], to_record: Callable[..., Record]
) -> _Collection:
    return _Collection(path, msgspec.json.Decoder(row_type), to_record)


_COLLECTIONS = {
    DataType.CHART_OF_ACCOUNTS: _collection("accounts", wire.Account, mapping.account),
    DataType.TAX_RATES: _collection("tax_rates", wire.TaxRate, mapping.tax_rate),
    DataType.CUSTOMERS: _collection("customers", wire.Contact, mapping.customer),
    DataType.SUPPLIERS: _collection("suppliers", wire.Contact, mapping.supplier),
    DataType.ITEMS: _collection("items", wire.Item, mapping.item),
    DataType.INVOICES: _collection("invoices", wire.Invoice, documents.invoice),
    DataType.BILLS: _collection("bills", wire.Bill, documents.bill),
    DataType.CREDIT_NOTES: _collection("credit_notes", wire.CreditNote, documents.credit_note),
    DataType.BILL_CREDIT_NOTES: _collection(
        "supplier_credits", wire.SupplierCredit, documents.bill_credit_note
    ),
    DataType.PAYMENTS: _collection("payments", wire.Payment, documents.payment),
    DataType.BILL_PAYMENTS: _collection("bill_payments", wire.BillPayment, documents.bill_payment),
    DataType.JOURNAL_ENTRIES: _collection(
        "journal_entries", wire.JournalEntry, mapping.journal_entry
    ),
    DataType.BANK_ACCOUNTS: _collection("bank_accounts", wire.BankAccount, mapping.bank_account),
    DataType.BANK_TRANSACTIONS: _collection(
        "bank_transactions", wire.BankTransaction, mapping.bank_transaction
    ),
}

_REPORTS: dict[DataType, tuple[str, msgspec.json.Decoder[Any], Callable[[Any], Record]]] = {
    DataType.BALANCE_SHEET: (
        "balance_sheet",
        msgspec.json.Decoder(wire.Report[wire.BalanceSheetPeriod]),
        statements.balance_sheet,
    ),
    DataType.PROFIT_AND_LOSS: (
        "profit_and_loss",
        msgspec.json.Decoder(wire.Report[wire.ProfitAndLossPeriod]),
        statements.profit_and_loss,
    ),
    DataType.CASH_FLOW_STATEMENT: (
        "cash_flow",
        msgspec.json.Decoder(wire.Report[wire.CashFlowPeriod]),
        statements.cash_flow_statement,
    ),
}
