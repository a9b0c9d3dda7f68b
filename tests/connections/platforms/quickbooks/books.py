"""A company of the stand-in, filled with what a test asks for."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any

import httpx

from connections.platforms.base import Credentials, PlatformApp
from connections.platforms.http import new_client
from connections.platforms.quickbooks import QuickBooks
from connections.schemas import DataType, single_id
from tests.connections.platforms.contract import Fault, OAuthBooks
from tests.connections.platforms.disturbed import Ask, Disturbed
from tests.connections.platforms.quickbooks import samples
from tests.vendors.quickbooks import QuickBooksServer
from tests.vendors.quickbooks.company import Company, Row

REDIRECT_URI = "http://portal.test/callback"
# The adapter counts its requests by company.
_realms = count(4620816365000000000)


def first_page(request: httpx.Request, ask: Ask) -> httpx.Response | None:
    """Answer a query for any page with the first, as if there were always more."""
    query = request.url.params.get("query")
    if query is None:
        return None
    query = re.sub(r" WHERE MetaData\.\S+ >= '\S+'", "", query)
    query = re.sub(r"STARTPOSITION \d+", "STARTPOSITION 1", query)
    query = re.sub(r" AND MetaData\.\S+ >= '\S+'", "", query)
    return ask(
        httpx.Request("GET", request.url.copy_set_param("query", query), headers=request.headers)
    )


class QuickBooksBooks(OAuthBooks):
    redirect_uri = REDIRECT_URI
    secrets = ("canary",)

    def __init__(self, quickbooks: QuickBooksServer) -> None:
        self.quickbooks = quickbooks
        company = Company.empty("Larry's Bakery", str(next(_realms)), quickbooks.clock)
        self.company = quickbooks.add(company)
        company.put("TaxRate", samples.TAX_RATE)
        company.put("CompanyInfo", samples.COMPANY)
        self.app = PlatformApp(
            base_url=quickbooks.url,
            client_id=quickbooks.client_id,
            client_secret=quickbooks.client_secret,
        )
        self.wire = Disturbed(first_page)
        self.clients: list[httpx.Client] = []
        self.is_spoilt = False

    def client(self) -> httpx.Client:
        client = new_client(base_url=self.quickbooks.url, transport=self.wire)
        self.clients.append(client)
        return client

    def close(self) -> None:
        for client in self.clients:
            client.close()

    def authorized(self) -> Credentials:
        return QuickBooks.exchange(
            self.client(),
            self.app,
            code=self.consent(""),
            redirect_uri=self.redirect_uri,
            code_verifier="",
            callback=self.callback(),
        )

    def consent(self, code_challenge: str) -> str:
        url = QuickBooks.authorize_url(
            self.app, state="s", redirect_uri=REDIRECT_URI, code_challenge=code_challenge
        )
        return self.quickbooks.consent(url, self.company.realm)["code"]

    def callback(self) -> Mapping[str, str]:
        return {"realmId": self.company.realm}

    def fill(self, data_type: DataType, count: int) -> set[str]:
        if data_type.is_single:
            return {single_id(data_type)}
        for _ in range(count):
            self.advance(2)
            self.put(data_type)
        # Later than any row, by more than the adapter reads again.
        self.advance(10)
        prefix = "Purchase-" if data_type is DataType.BANK_TRANSACTIONS else ""
        return {
            prefix + row.id
            for row in self.company.rows(samples.ENTITIES[data_type])
            if data_type is not DataType.BANK_ACCOUNTS or row.body["AccountType"] == "Bank"
        }

    def put(self, data_type: DataType, **changes: Any) -> str:
        entity = samples.ENTITIES[data_type]
        row_id = self.company.ids.new(entity)
        body = {**samples.SAMPLES[data_type], **changes, "Id": row_id}
        return self.company.put(entity, body)

    def show(self, data_type: DataType, **changes: Any) -> str:
        """Put a sample there as it is, with its own dates; members that are None are left out."""
        body = {**samples.SAMPLES[data_type], **changes}
        body = {name: value for name, value in body.items() if value is not None}
        row_id, changed_at = body["Id"], body["MetaData"]["LastUpdatedTime"]
        row = Row(row_id, datetime.fromisoformat(changed_at), body)
        self.company.lists[samples.ENTITIES[data_type]][row_id] = row
        return str(row_id)

    def advance(self, seconds: float) -> None:
        self.quickbooks.clock.advance(seconds=seconds)

    def change(self, data_type: DataType, record_id: str, **members: Any) -> None:
        self.advance(10)
        self.company.change(samples.ENTITIES[data_type], self._row_id(record_id), **members)

    def delete(self, data_type: DataType, record_id: str) -> None:
        self.advance(10)
        self.company.delete(samples.ENTITIES[data_type], self._row_id(record_id))

    def spoil(self, data_type: DataType) -> str:
        self.is_spoilt = True
        return self.put(data_type, Name=17, TotalAmt="much")

    def fail(self, fault: Fault, times: int = 1) -> None:
        self.wire.faults.extend([fault] * times)

    def repeat_pages(self) -> None:
        self.wire.repeats = True

    def request_count(self) -> int:
        return self.wire.count

    @staticmethod
    def _row_id(record_id: str) -> str:
        return record_id.rpartition("-")[2]


@contextmanager
def opened(quickbooks: QuickBooksServer) -> Iterator[QuickBooksBooks]:
    books = QuickBooksBooks(quickbooks)
    try:
        yield books
    finally:
        books.close()
    broken = [] if books.is_spoilt else list(quickbooks.violations)
    quickbooks.violations.clear()
    assert not broken, "\n".join(broken[:20])
