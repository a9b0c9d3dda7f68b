"""The sandbox platform: sample businesses on a server of their own, reached over HTTP only."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import IO, Any, ClassVar

import httpx
import msgspec

from connections.platforms import custom, oauth
from connections.platforms.base import (
    Attachment,
    Credentials,
    CustomSource,
    Environment,
    Identity,
    NotSupported,
    OAuthPlatform,
    Page,
    PlatformApp,
    SourceType,
    Supplement,
)
from connections.platforms.downloads import download, list_of
from connections.platforms.drift import Shape, shape_of, unknown_fields
from connections.platforms.http import get, get_json
from connections.platforms.sandbox import documents, files, mapping, statements, wire
from connections.platforms.sandbox.lists import place_of, rows_of
from connections.platforms.sandbox.paging import (
    ENVELOPE,
    WHOLE,
    Cursor,
    page,
    read_cursor,
    unexpected,
)
from connections.platforms.sandbox.rows import Rows, supplemented
from connections.schemas import DataType, Record
from connections.words import gettext_noop


class Sandbox(OAuthPlatform):
    key: ClassVar[str] = "sandbox"
    name: ClassVar[str] = "Sandbox"
    code: ClassVar[str] = "mqjo"
    source_type: ClassVar[SourceType] = "Accounting"
    data_types: ClassVar[frozenset[DataType]] = frozenset(DataType)
    incremental: ClassVar[frozenset[DataType]] = frozenset(
        data_type for data_type in DataType if not data_type.is_single
    )
    supplemental: ClassVar[Mapping[DataType, str]] = MappingProxyType(
        {
            DataType.COMPANY: "/company",
            DataType.CHART_OF_ACCOUNTS: "/accounts",
            DataType.TAX_RATES: "/tax_rates",
            DataType.CUSTOMERS: "/customers",
            DataType.SUPPLIERS: "/suppliers",
            DataType.ITEMS: "/items",
            DataType.INVOICES: "/invoices",
            DataType.BILLS: "/bills",
            DataType.CREDIT_NOTES: "/credit_notes",
            DataType.JOURNAL_ENTRIES: "/journal_entries",
        }
    )
    has_custom_types: ClassVar[bool] = True
    attachments: ClassVar[frozenset[DataType]] = frozenset(files.COLLECTIONS)
    printed: ClassVar[frozenset[DataType]] = frozenset({DataType.INVOICES})
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
        place = read_cursor(cursor, since)
        if place.done:
            return iter((page(place),))
        if data_type.is_single:
            return self._single(data_type)
        return self._pages(data_type, place)

    def _single(self, data_type: DataType) -> Iterator[Page]:
        if data_type is DataType.COMPANY:
            record: Record = self._company_record()
        else:
            path, decoder, to_record = _REPORTS[data_type]
            record = to_record(self._get(f"/api/v1/reports/{path}", decoder))
        yield page(WHOLE, records=(record,))

    def _company_record(self) -> Record:
        try:
            record: Record = mapping.company(self._company)
        except ValueError as error:
            raise unexpected(f"company: {error}") from error
        supplement = self.supplements.get(DataType.COMPANY)
        if supplement is None:
            return record
        row = self._get("/api/v1/company", _RAW, params=_fields(supplement))
        record, reason = supplemented(record, bytes(row), supplement)
        if reason is not None:
            raise unexpected(f"company: {reason}")
        return record

    def _pages(self, data_type: DataType, place: Cursor) -> Iterator[Page]:
        collection = _COLLECTIONS[data_type]
        to_record = collection.to_record
        if data_type is DataType.JOURNAL_ENTRIES:
            to_record = partial(mapping.journal_entry, base_currency=self._company.base_currency)
        supplement = self.supplements.get(data_type)
        fields = _fields(supplement) if supplement is not None else {}
        while not place.done:
            params = place.params(self.page_size) | fields
            envelope = self._get(f"/api/v1/{collection.path}", ENVELOPE, params=params)
            rows = Rows(collection.decoder, to_record, supplement)
            last = rows.read(envelope.items, after=place.last)
            place = place.after(envelope, last)
            yield page(
                place,
                records=tuple(rows.records),
                deleted_ids=tuple(rows.deleted_ids),
                rejected=tuple(rows.rejected),
                unknown=unknown_fields(
                    envelope.items,
                    collection.shape,
                    besides=supplement.roots if supplement is not None else (),
                ),
            )

    def fetch_custom(self, source: CustomSource, *, cursor: str | None) -> Iterator[Page]:
        place = read_cursor(cursor)
        if place.done:
            yield page(place)
        path, query = place_of(source.data_source)
        while not place.done:
            params = query | place.params(self.page_size)
            answer = get(
                self.http,
                path,
                platform=self.name,
                token=self.credentials.access_token,
                params=params,
                accepted=(httpx.codes.OK, httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND),
                sleep=self.sleep,
            )
            rows, place = rows_of(answer, path, place)
            records, rejected = custom.read(rows, source)
            yield page(place, records=tuple(records), rejected=tuple(rejected))

    def list_attachments(self, data_type: DataType, record_id: str) -> Sequence[Attachment]:
        if data_type not in self.attachments:
            return super().list_attachments(data_type, record_id)
        found = list_of(
            self.http,
            files.path_of(data_type, record_id, "attachments"),
            platform=self.name,
            token=self.credentials.access_token,
            decoder=files.FILES,
        )
        return [each.attachment() for each in found.items]

    def download_attachment(
        self, data_type: DataType, record_id: str, attachment_id: str, into: IO[bytes]
    ) -> None:
        if data_type not in self.attachments:
            return super().download_attachment(data_type, record_id, attachment_id, into)
        return self._download(
            files.path_of(data_type, record_id, "attachments", attachment_id, "content"), into
        )

    def download_pdf(self, data_type: DataType, record_id: str, into: IO[bytes]) -> None:
        if data_type not in self.printed:
            return super().download_pdf(data_type, record_id, into)
        return self._download(files.path_of(data_type, record_id, "pdf"), into)

    def _download(self, path: str, into: IO[bytes]) -> None:
        token = self.credentials.access_token
        download(self.http, path, platform=self.name, token=token, into=into)

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


def _endpoint(app: PlatformApp, name: str) -> str:
    return f"{app.base_url.rstrip('/')}/oauth/{name}"


def _fields(supplement: Supplement) -> dict[str, str | int]:
    """Name what the platform shall add: it leaves out what it has not."""
    return {"fields": ",".join(supplement.roots)}


_RAW = msgspec.json.Decoder(msgspec.Raw)
_CONNECTION = msgspec.json.Decoder(wire.Connection)
_COMPANY = msgspec.json.Decoder(wire.Company)


@dataclass(frozen=True, slots=True)
class _Collection:
    path: str
    decoder: msgspec.json.Decoder[Any]
    shape: Shape
    to_record: Callable[[Any], Record]


def _collection[W: wire.Row](
    path: str, row_type: type[W], to_record: Callable[..., Record]
) -> _Collection:
    shape = shape_of(row_type, wire.DOCUMENTED)
    return _Collection(path, msgspec.json.Decoder(row_type), shape, to_record)


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
