"""The hledger adapter keeps the contract of all adapters."""

from collections import defaultdict
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from connections.platforms.base import CredentialPlatform, Credentials, PlatformApp
from connections.platforms.hledger import Hledger, wire
from connections.platforms.hledger.journal import source_id
from connections.platforms.http import new_client
from connections.schemas import DataType, single_id
from tests.connections.platforms.contract import CredentialBooks, CredentialContract, Fault
from tests.connections.platforms.hledger.journals import posting, transaction

URL = "http://hledger.test"
KEY = "canary-key"


class HledgerBooks(CredentialBooks):
    """Answers as hledger-web 1.25 does, behind a proxy that asks for a key."""

    app = PlatformApp()
    secrets = ("canary-",)

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.faults: list[Fault] = []
        self.rows: dict[DataType, dict[str, dict[str, Any]]] = defaultdict(dict)

    def client(self) -> httpx.Client:
        return new_client(base_url=URL, transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return httpx.Response(401, text="Unauthorized")
        match request.url.path:
            case "/version":
                return httpx.Response(200, json="1.25")
            case "/accounts":
                accounts = self.rows[DataType.CHART_OF_ACCOUNTS].values()
                return httpx.Response(200, json=[{"aname": "root"}, *accounts])
            case "/transactions":
                return httpx.Response(200, json=list(self.rows[DataType.JOURNAL_ENTRIES].values()))
        return httpx.Response(403, text="Forbidden")

    def authorized(self) -> Credentials:
        return Hledger.from_fields(self.typed_in())

    def typed_in(self) -> dict[str, str]:
        return {"url": URL, "key": KEY}

    def fill(self, data_type: DataType, count: int) -> set[str]:
        if data_type.is_single:
            self.fill(DataType.JOURNAL_ENTRIES, count)
            return {single_id(data_type)}
        rows = self.rows[data_type]
        for number in range(count):
            if data_type is DataType.CHART_OF_ACCOUNTS:
                rows[f"assets:a{number}"] = {"aname": f"assets:a{number}"}
            else:
                entry = transaction(
                    number + 1,
                    posting("assets:bank", number + 1),
                    posting("income:sales", -number - 1),
                )
                rows[source_id(msgspec.convert(entry, wire.Transaction))] = entry
        return set(rows)

    def change(self, data_type: DataType, record_id: str) -> None:
        self.rows[data_type][record_id] |= {"tdescription": "Changed"}

    def delete(self, data_type: DataType, record_id: str) -> None:
        del self.rows[data_type][record_id]

    def spoil(self, data_type: DataType) -> str:
        entry = transaction(977, posting("assets:bank", 1), posting("income:sales", -1))
        self.rows[data_type]["spoilt"] = entry | {"tdate": "yesterday", "tcode": "transaction 977"}
        return "transaction 977"

    def fail(self, fault: Fault, times: int = 1) -> None:
        self.faults += [fault] * times

    def repeat_pages(self) -> None:
        raise NotImplementedError("it answers in one page")

    def request_count(self) -> int:
        return len(self.requests)


class TestHledger(CredentialContract):
    platform: type[CredentialPlatform] = Hledger
    has_pages: ClassVar[bool] = False
    other_shape: ClassVar[bytes] = b"{}"
    rows_have_ids: ClassVar[bool] = False

    def list_type(self) -> DataType:
        return DataType.JOURNAL_ENTRIES

    def test_statement_says_what_it_leaves_out(self, books: HledgerBooks):
        books.fill(DataType.JOURNAL_ENTRIES, 3)
        cups = [posting("assets:shop", n, commodity="cup") for n in (5, -5)]
        books.rows[DataType.JOURNAL_ENTRIES]["cups"] = transaction(9, *cups)

        for data_type in (DataType.BALANCE_SHEET, DataType.PROFIT_AND_LOSS):
            (page,) = self.pull(books, data_type)
            assert len(page.records) == 1
            assert ["in cup without a price" in row.reason for row in page.rejected] == [True]
            assert b'"tindex":9' in page.rejected[0].raw

    @pytest.fixture
    def books(self) -> HledgerBooks:
        return HledgerBooks()
