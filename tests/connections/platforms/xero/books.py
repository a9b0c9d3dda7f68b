"""An organization of the stand-in, filled with what a test asks for."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from connections.platforms.base import Credentials, PlatformApp
from connections.platforms.http import new_client
from connections.platforms.xero import Xero
from connections.schemas import DataType, single_id
from tests.connections.platforms.contract import Fault, OAuthBooks
from tests.connections.platforms.disturbed import Ask, Disturbed
from tests.vendors.xero import XeroServer
from tests.vendors.xero.organisation import LISTS, Organisation

ANSWERS = Path(__file__).parent / "answers"
REDIRECT_URI = "http://portal.test/callback"
VENDOR_LISTS = {
    DataType.CHART_OF_ACCOUNTS: "Accounts",
    DataType.TAX_RATES: "TaxRates",
    DataType.CUSTOMERS: "Contacts",
    DataType.SUPPLIERS: "Contacts",
    DataType.ITEMS: "Items",
    DataType.INVOICES: "Invoices",
    DataType.BILLS: "Invoices",
    DataType.CREDIT_NOTES: "CreditNotes",
    DataType.BILL_CREDIT_NOTES: "CreditNotes",
    DataType.PAYMENTS: "Payments",
    DataType.BILL_PAYMENTS: "Payments",
    DataType.JOURNAL_ENTRIES: "ManualJournals",
    DataType.BANK_ACCOUNTS: "Accounts",
    DataType.BANK_TRANSACTIONS: "BankTransactions",
}
# What tells a type's rows from those of the other type in the same list.
MARKS: dict[DataType, dict[str, Any]] = {
    DataType.CHART_OF_ACCOUNTS: {"Type": "SALES", "Class": "REVENUE", "BankAccountType": ""},
    DataType.CUSTOMERS: {"IsCustomer": True, "IsSupplier": False, "ContactStatus": "ACTIVE"},
    DataType.SUPPLIERS: {"IsCustomer": False, "IsSupplier": True, "ContactStatus": "ACTIVE"},
}
GONE: dict[str, dict[str, Any]] = {
    "ManualJournals": {"Status": "VOIDED"},
}


def sample(name: str) -> Any:
    return json.loads((ANSWERS / f"{name}.json").read_text())


def first_page(request: httpx.Request, ask: Ask) -> httpx.Response | None:
    """Answer a request for any page with the first, as if there were always more."""
    if "page" not in request.url.params:
        return None
    headers = {k: v for k, v in request.headers.items() if k != "if-modified-since"}
    answer = ask(httpx.Request("GET", request.url.copy_set_param("page", 1), headers=headers))
    body = json.loads(answer.read())
    body["pagination"] |= {"page": int(request.url.params["page"]), "pageCount": 10**6}
    return httpx.Response(200, json=body, headers={"Date": answer.headers["Date"]})


class XeroBooks(OAuthBooks):
    redirect_uri = REDIRECT_URI
    secrets = ("canary",)

    def __init__(self, xero: XeroServer) -> None:
        self.xero = xero
        self.organisation = xero.add(Organisation.empty("Quay Street Bakery", xero.clock))
        self.app = PlatformApp(
            base_url=xero.url, client_id=xero.client_id, client_secret=xero.client_secret
        )
        self.wire = Disturbed(first_page)
        self.clients: list[httpx.Client] = []
        self.is_spoilt = False

    def client(self) -> httpx.Client:
        client = new_client(base_url=self.xero.url, transport=self.wire)
        self.clients.append(client)
        return client

    def close(self) -> None:
        for client in self.clients:
            client.close()

    def authorized(self) -> Credentials:
        authorized = Xero.exchange(
            self.client(),
            self.app,
            code=self.consent(""),
            redirect_uri=REDIRECT_URI,
            code_verifier="",
            callback={},
        )
        platform = Xero(self.client(), authorized)
        return platform.choose(platform.organizations()[0])

    def consent(self, code_challenge: str) -> str:
        url = Xero.authorize_url(
            self.app, state="s", redirect_uri=REDIRECT_URI, code_challenge=code_challenge
        )
        return self.xero.consent(url, [self.organisation.tenant])["code"]

    def fill(self, data_type: DataType, count: int) -> set[str]:
        if data_type.is_single:
            return {single_id(data_type)}
        for number in range(count):
            self._put(data_type, number)
        # Later than any row, by more than the adapter reads again.
        self.xero.clock.advance(seconds=10)
        return self._ids(data_type)

    def change(self, data_type: DataType, record_id: str) -> None:
        self.xero.clock.advance(seconds=10)
        self.organisation.change(VENDOR_LISTS[data_type], record_id)

    def delete(self, data_type: DataType, record_id: str) -> None:
        self.xero.clock.advance(seconds=10)
        name = VENDOR_LISTS[data_type]
        self.organisation.change(name, record_id, **GONE.get(name, {"Status": "DELETED"}))

    def spoil(self, data_type: DataType) -> str:
        name = VENDOR_LISTS[data_type]
        self.is_spoilt = True
        body = {**self._row(data_type, 999), "Name": 17, "Total": "much"}
        return self.organisation.put(name, body)

    def fail(self, fault: Fault, times: int = 1) -> None:
        self.wire.faults.extend([fault] * times)

    def repeat_pages(self) -> None:
        self.wire.repeats = True

    def request_count(self) -> int:
        return self.wire.count

    def _put(self, data_type: DataType, number: int) -> None:
        self.xero.clock.advance(seconds=2)
        self.organisation.put(VENDOR_LISTS[data_type], self._row(data_type, number))

    def _row(self, data_type: DataType, number: int) -> Any:
        name = VENDOR_LISTS[data_type]
        row_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{data_type} {number}"))
        body = sample(data_type) | MARKS.get(data_type, {}) | {LISTS[name]: row_id}
        if "Code" in body:
            body["Code"] = f"{number}-{data_type}"[:10]
        return body

    def _ids(self, data_type: DataType) -> set[str]:
        """Return what the organization has of a type: every bank account is an account, too."""
        rows = self.organisation.rows(VENDOR_LISTS[data_type])
        mark = sample(data_type) | MARKS.get(data_type, {})
        telling = {"Type", "PaymentType", "IsCustomer"}
        if data_type is DataType.CHART_OF_ACCOUNTS:
            telling = set()
        return {
            row.id
            for row in rows
            if all(row.body.get(member) == mark.get(member) for member in telling)
        }


@contextmanager
def opened(xero: XeroServer) -> Iterator[XeroBooks]:
    books = XeroBooks(xero)
    try:
        yield books
    finally:
        books.close()
    broken = [] if books.is_spoilt else list(xero.violations)
    xero.violations.clear()
    assert not broken, "\n".join(broken[:20])
