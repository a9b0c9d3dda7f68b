"""The sandbox adapter keeps the contract of all adapters."""

import json
from typing import ClassVar

import httpx
import pytest

from connections.platforms.base import Credentials, CustomSource, OAuthPlatform
from connections.platforms.json_paths import JsonPath
from connections.platforms.sandbox import Sandbox
from connections.schemas import DataType, single_id
from tests.connections.platforms.contract import Fault, OAuthBooks, OAuthContract
from tests.connections.platforms.sandbox.fake import APP, REDIRECT_URI, FakeSandbox

COLLECTIONS = {
    DataType.CHART_OF_ACCOUNTS: "accounts",
    DataType.TAX_RATES: "tax_rates",
    DataType.CUSTOMERS: "customers",
    DataType.SUPPLIERS: "suppliers",
    DataType.ITEMS: "items",
    DataType.INVOICES: "invoices",
    DataType.BILLS: "bills",
    DataType.CREDIT_NOTES: "credit_notes",
    DataType.BILL_CREDIT_NOTES: "supplier_credits",
    DataType.PAYMENTS: "payments",
    DataType.BILL_PAYMENTS: "bill_payments",
    DataType.JOURNAL_ENTRIES: "journal_entries",
    DataType.BANK_ACCOUNTS: "bank_accounts",
    DataType.BANK_TRANSACTIONS: "bank_transactions",
}


class SmallPages(Sandbox):
    page_size: ClassVar[int] = 3


class SandboxBooks(OAuthBooks):
    app = APP
    redirect_uri = REDIRECT_URI
    secrets = ("canary-",)

    def __init__(self) -> None:
        self.fake = FakeSandbox()

    def client(self) -> httpx.Client:
        return self.fake.client()

    def authorized(self) -> Credentials:
        return self.fake.authorized()

    def consent(self, code_challenge: str) -> str:
        return self.fake.consent(code_challenge)

    def fill(self, data_type: DataType, count: int) -> set[str]:
        if data_type.is_single:
            return {single_id(data_type)}
        collection = COLLECTIONS[data_type]
        ids = {f"{collection}_{number}" for number in range(count)}
        for row_id in sorted(ids):
            self.fake.put(collection, row_id)
        return ids

    def change(self, data_type: DataType, record_id: str) -> None:
        self.fake.put(COLLECTIONS[data_type], record_id)

    def delete(self, data_type: DataType, record_id: str) -> None:
        self.fake.delete(COLLECTIONS[data_type], record_id)

    def spoil(self, data_type: DataType) -> str:
        self.fake.put(COLLECTIONS[data_type], "spoilt", status=17, created_at="yesterday")
        return "spoilt"

    def fail(self, fault: Fault, times: int = 1) -> None:
        self.fake.fail(fault, times)

    def repeat_pages(self) -> None:
        answer = self.fake.answer

        def repeating(request: httpx.Request) -> httpx.Response:
            asked = request.url.params.get("page", "1")
            first = answer(
                httpx.Request("GET", request.url.copy_set_param("page", 1), headers=request.headers)
            )
            body = {**json.loads(first.content), "page": int(asked), "pages": 10**6}
            return httpx.Response(200, json=body)

        self.fake.answer = repeating  # type: ignore[method-assign] # the fake turns bad from here

    def request_count(self) -> int:
        return len(self.fake.requests)

    def fill_custom(self, count: int) -> tuple[CustomSource, set[str]]:
        ids = {f"prj_{number}" for number in range(count)}
        for row_id in sorted(ids):
            self.fake.put("projects", row_id)
        source = CustomSource(
            data_source="/projects",
            required_data={"name": JsonPath.parse("$[*].name")},
            key_by=(JsonPath.parse("$[*].id"),),
        )
        return source, ids

    def attach(self, data_type: DataType, record_id: str) -> bytes:
        content = f"of {record_id}".encode()
        self.fake.attached[COLLECTIONS[data_type], record_id] = {"att_1": content}
        return content


class TestSandbox(OAuthContract):
    platform: type[OAuthPlatform] = SmallPages
    pins_order: ClassVar[frozenset[str]] = frozenset({"id", "updated_at"})

    @pytest.fixture
    def books(self) -> SandboxBooks:
        return SandboxBooks()
