"""A small QuickBooks Online behind a transport: queries, changes, reports and tokens."""

import json
import re
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx

from connections.platforms.base import Credentials, PlatformApp
from connections.platforms.http import new_client
from connections.platforms.quickbooks import QuickBooks
from connections.schemas import DataType, single_id
from tests.connections.platforms.contract import Fault, OAuthBooks
from tests.connections.platforms.quickbooks import samples

LOOK_BACK = timedelta(days=30)
_QUERY = re.compile(
    r"SELECT \* FROM (?P<entity>\w+)(?: WHERE (?P<where>.+?))?"
    r" ORDERBY MetaData\.LastUpdatedTime"
    r" STARTPOSITION (?P<start>\d+) MAXRESULTS (?P<most>\d+)"
)
_companies = 0


def fault(status: int, code: str, kind: str) -> httpx.Response:
    error = {"message": "refused", "code": code}
    return httpx.Response(status, json={"fault": {"error": [error], "type": kind}})


class QuickBooksBooks(OAuthBooks):
    redirect_uri = "http://portal.test/callback"
    secrets = ("canary",)

    def __init__(self) -> None:
        global _companies  # noqa: PLW0603 - limits are shared by company
        _companies += 1
        self.realm = str(4620816365000000000 + _companies)
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.app = PlatformApp(
            base_url="http://qbo.test", client_id="app", client_secret="canary-app"
        )
        self.entities: dict[str, dict[str, Any]] = {"TaxRate": {"3": samples.TAX_RATE}}
        self.deleted: dict[str, dict[str, datetime]] = {}
        self.faults: deque[Fault] = deque()
        self.requests: list[httpx.Request] = []
        self.most_changes = 1000
        self.repeats = False
        self._tokens = 0
        self._codes: set[str] = set()
        self._access: set[str] = set()
        self._refresh: set[str] = set()
        self._number = 100

    def client(self) -> httpx.Client:
        return new_client(base_url="http://qbo.test", transport=httpx.MockTransport(self._respond))

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
        assert not code_challenge
        code = self._secret("code")
        self._codes.add(code)
        return code

    def callback(self) -> Mapping[str, str]:
        return {"realmId": self.realm}

    def fill(self, data_type: DataType, count: int) -> set[str]:
        if data_type.is_single:
            return {single_id(data_type)}
        for _ in range(count):
            self.now += timedelta(seconds=2)
            self.put(data_type)
        # Later than any row, by more than the adapter reads again.
        self.now += timedelta(seconds=10)
        entity = samples.ENTITIES[data_type]
        rows = self.entities.get(entity, {})
        prefix = "Purchase-" if data_type is DataType.BANK_TRANSACTIONS else ""
        return {
            prefix + row_id
            for row_id, row in rows.items()
            if data_type is not DataType.BANK_ACCOUNTS or row["AccountType"] == "Bank"
        }

    def put(self, data_type: DataType, **changes: Any) -> str:
        self._number += 3
        row_id = str(self._number)
        self.write(samples.ENTITIES[data_type], {**samples.SAMPLES[data_type], **changes}, row_id)
        return row_id

    def write(self, entity: str, body: dict[str, Any], row_id: str) -> None:
        times = {**samples.TIMES, "LastUpdatedTime": self._written(self.now)}
        row = {**body, "Id": row_id, "MetaData": times}
        self.entities.setdefault(entity, {})[row_id] = row

    def change(self, data_type: DataType, record_id: str) -> None:
        self.now += timedelta(seconds=10)
        entity, row_id = samples.ENTITIES[data_type], record_id.rpartition("-")[2]
        self.write(entity, self.entities[entity][row_id], row_id)

    def delete(self, data_type: DataType, record_id: str) -> None:
        self.now += timedelta(seconds=10)
        entity, row_id = samples.ENTITIES[data_type], record_id.rpartition("-")[2]
        del self.entities[entity][row_id]
        self.deleted.setdefault(entity, {})[row_id] = self.now

    def spoil(self, data_type: DataType) -> str:
        return self.put(data_type, Name=17, TotalAmt="much")

    def fail(self, fault: Fault, times: int = 1) -> None:
        self.faults.extend([fault] * times)

    def repeat_pages(self) -> None:
        self.repeats = True

    def request_count(self) -> int:
        return len(self.requests)

    def expire(self) -> None:
        self._access.clear()

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.popleft()(request)
        match request.url.path:
            case "/oauth2/v1/tokens/bearer":
                return self._token(parse_qs(request.content.decode()))
            case "/v2/oauth2/tokens/revoke":
                return self._revoke(json.loads(request.content)["token"])
        if request.headers["Authorization"].removeprefix("Bearer ") not in self._access:
            return fault(401, "3200", "AUTHENTICATION")
        prefix = f"/v3/company/{self.realm}/"
        if not request.url.path.startswith(prefix):
            return fault(403, "3100", "SERVICE")
        assert request.url.params["minorversion"] == "75"
        return self._books(request.url.path.removeprefix(prefix), request.url.params)

    def _books(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        match path:
            case "query":
                body = {"QueryResponse": self._query(params["query"])}
            case "cdc":
                return self._changes(params)
            case "preferences":
                body = {"Preferences": samples.PREFERENCES}
            case "reports/ProfitAndLoss":
                return httpx.Response(200, json=samples.PROFIT_AND_LOSS)
            case "reports/BalanceSheet":
                return httpx.Response(200, json=samples.BALANCE_SHEET)
            case _:
                assert path == f"companyinfo/{self.realm}"
                body = {"CompanyInfo": samples.COMPANY}
        return httpx.Response(200, json={**body, "time": self._written(self.now)})

    def _query(self, query: str) -> dict[str, Any]:
        asked = _QUERY.fullmatch(query)
        assert asked, query
        entity, where = asked["entity"], asked["where"] or ""
        rows = sorted(self.entities.get(entity, {}).values(), key=_changed_at)
        if base := re.search(r"LastUpdatedTime >= '(.+?)'", where):
            rows = [row for row in rows if _changed_at(row) >= datetime.fromisoformat(base[1])]
        if "AccountType IN" in where:
            rows = [row for row in rows if row["AccountType"] in {"Bank", "Credit Card"}]
        if "Active IN (true, false)" not in where:
            rows = [row for row in rows if row.get("Active", True)]
        start, most = int(asked["start"]), int(asked["most"])
        if self.repeats:
            rows, start = sorted(self.entities[entity].values(), key=_changed_at), 1
        page = rows[start - 1 : start - 1 + most]
        return {entity: page, "startPosition": start, "maxResults": len(page)} if page else {}

    def _changes(self, params: httpx.QueryParams) -> httpx.Response:
        since = datetime.fromisoformat(params["changedSince"])
        if self.now - since > LOOK_BACK:
            error = {"Message": "Invalid changedSince", "code": "4000"}
            body: dict[str, Any] = {"Fault": {"Error": [error], "type": "ValidationFault"}}
            return httpx.Response(400, json={**body, "time": self._written(self.now)})
        found = []
        for entity in params["entities"].split(","):
            rows = self.entities.get(entity, {}).values()
            changed = [row for row in rows if _changed_at(row) >= since]
            changed += [
                {"status": "Deleted", "Id": row_id, "domain": "QBO"}
                for row_id, at in self.deleted.get(entity, {}).items()
                if at >= since
            ]
            changed = changed[: self.most_changes]
            found.append({entity: changed} if changed else {})
        body = {"CDCResponse": [{"QueryResponse": found}], "time": self._written(self.now)}
        return httpx.Response(200, json=body)

    def _token(self, form: dict[str, list[str]]) -> httpx.Response:
        code = form.get("code", [""])[0]
        refresh = form.get("refresh_token", [""])[0]
        if code not in self._codes and refresh not in self._refresh:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self._codes.discard(code)
        access, renewed = self._secret("access"), self._secret("refresh")
        self._access.add(access)
        self._refresh.add(renewed)
        return httpx.Response(
            200,
            json={
                "token_type": "bearer",
                "access_token": access,
                "expires_in": 3600,
                "refresh_token": renewed,
                "x_refresh_token_expires_in": 8726400,
            },
        )

    def _revoke(self, token: str) -> httpx.Response:
        if token not in self._refresh:
            return httpx.Response(400)
        self._refresh.clear()
        self._access.clear()
        return httpx.Response(200)

    def _secret(self, kind: str) -> str:
        self._tokens += 1
        return f"canary-{kind}-{self._tokens}"

    @staticmethod
    def _written(at: datetime) -> str:
        zone = timedelta(hours=-8)
        return (at + zone).strftime("%Y-%m-%dT%H:%M:%S") + "-08:00"


def _changed_at(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"])
