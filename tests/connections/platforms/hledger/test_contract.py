"""The hledger adapter keeps the contract of all adapters."""

import json
from collections import defaultdict
from typing import Any, ClassVar

import httpx
import pytest

from connections.platforms.base import CredentialPlatform, Credentials, PlatformApp
from connections.platforms.http import new_client
from connections.platforms.hledger import Hledger
from connections.schemas import DataType
from tests.connections.platforms.contract import CredentialBooks, CredentialContract, Fault

URL = "http://hledger.test"
KEY = "canary-key"


class HledgerBooks(CredentialBooks):
    """Speaks their wire contract: rewrite it to what their documentation says."""

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
            return httpx.Response(401, json={})
        if request.url.path == "/company":
            return httpx.Response(200, json={"id": "c-1", "name": "Bakery"})
        accounts = self.rows[DataType.CHART_OF_ACCOUNTS]
        return httpx.Response(200, content=json.dumps(list(accounts.values())))

    def authorized(self) -> Credentials:
        return Hledger.from_fields(self.typed_in())

    def typed_in(self) -> dict[str, str]:
        return {"url": URL, "key": KEY}

    def fill(self, data_type: DataType, count: int) -> set[str]:
        for number in range(count):
            row_id = f"a-{number}"
            self.rows[data_type][row_id] = {"id": row_id, "name": f"Account {number}"}
        return set(self.rows[data_type])

    def change(self, data_type: DataType, record_id: str) -> None:
        self.rows[data_type][record_id]["name"] = "Changed"

    def delete(self, data_type: DataType, record_id: str) -> None:
        del self.rows[data_type][record_id]

    def spoil(self, data_type: DataType) -> str:
        self.rows[data_type]["spoilt"] = {"id": "spoilt", "name": 17}
        return "spoilt"

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

    @pytest.fixture
    def books(self) -> HledgerBooks:
        return HledgerBooks()
