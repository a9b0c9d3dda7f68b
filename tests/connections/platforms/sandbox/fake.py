"""A sandbox platform in one process: the wire contract, a clock that can be moved, and faults."""

import json
from base64 import b64decode
from collections import deque
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connections.platforms.base import Credentials, PlatformApp
from connections.platforms.http import new_client

ANSWERS = Path(__file__).parent / "answers"
BASE_URL = "http://sandbox.test"
REDIRECT_URI = "http://portal.test/callback"
APP = PlatformApp(base_url=BASE_URL, client_id="ledgerport", client_secret="canary-app-secret")

Fault = Callable[[httpx.Request], httpx.Response]


def sample(name: str) -> Any:
    return json.loads((ANSWERS / f"{name}.json").read_text())


class FakeSandbox:
    """Keeps every version of every row, so that a snapshot stays as it was."""

    def __init__(self) -> None:
        self.now = datetime(2025, 6, 1, 12, tzinfo=UTC)
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.attached: dict[tuple[str, str], dict[str, bytes]] = {}
        self.requests: list[httpx.Request] = []
        self.faults: deque[Fault] = deque()
        self.codes: dict[str, str] = {}
        self.refresh_tokens: set[str] = set()
        self.access_tokens: set[str] = set()

    def client(self) -> httpx.Client:
        return new_client(base_url=BASE_URL, transport=httpx.MockTransport(self.answer))

    def authorized(self) -> Credentials:
        """Return credentials as a finished authorization would have left them."""
        token = self._tokens()
        return Credentials(
            access_token=token["access_token"],
            refresh_token=token["refresh_token"],
            expires_at=datetime.now(UTC) + timedelta(minutes=30),
        )

    def consent(self, code_challenge: str) -> str:
        code = f"canary-code-{len(self.codes)}"
        self.codes[code] = code_challenge
        return code

    def put(self, collection: str, row_id: str, **values: Any) -> None:
        self._tick()
        row = {**sample(collection), "id": row_id, "updated_at": self._moment(), **values}
        self.history.setdefault(collection, []).append(row)

    def delete(self, collection: str, row_id: str) -> None:
        self._tick()
        row = {"id": row_id, "deleted": True, "updated_at": self._moment()}
        self.history[collection].append(row)

    def fail(self, fault: Fault, times: int = 1) -> None:
        self.faults.extend([fault] * times)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.popleft()(request)
        path = request.url.path
        if path == "/oauth/token":
            return self._token(request)
        if path == "/oauth/revoke":
            self.refresh_tokens.discard(parse_qs(request.content.decode())["token"][0])
            return httpx.Response(200)
        if request.headers.get("Authorization", "")[7:] not in self.access_tokens:
            return httpx.Response(401, json={"error": {"code": "unauthorized", "message": "No"}})
        return self._api(path.removeprefix("/api/v1/"), request.url.params)

    def _api(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        if path == "connection":
            return httpx.Response(
                200, json={"business_id": "biz_small", "business_name": "Harbour Joinery"}
            )
        if path == "company":
            return httpx.Response(200, json=sample("company"))
        if path.startswith("reports/"):
            return httpx.Response(200, json=sample(path.removeprefix("reports/")))
        if "/" in path:
            return self._file(*path.split("/"))
        return httpx.Response(200, json=self._collection(path, params))

    def _file(self, name: str, row_id: str, *rest: str) -> httpx.Response:
        if row_id not in {row["id"] for row in self.history.get(name, [])}:
            return httpx.Response(404, json={"error": {"code": "not_found", "message": "No"}})
        match rest:
            case ("pdf",):
                return httpx.Response(200, content=b"%PDF-1.4 " + row_id.encode())
            case ("attachments",):
                found = self.attached.get((name, row_id), {})
                items = [{"id": key, "name": f"{key}.pdf"} for key in found]
                return httpx.Response(200, json={"items": items})
            case ("attachments", key, "content") if key in self.attached[name, row_id]:
                return httpx.Response(200, content=self.attached[name, row_id][key])
        return httpx.Response(404, json={"error": {"code": "not_found", "message": "No"}})

    def _collection(self, name: str, params: httpx.QueryParams) -> dict[str, Any]:
        self._tick()
        as_of = params.get("as_of") or self._moment()
        since = params.get("modified_since")
        newest: dict[str, dict[str, Any]] = {}
        for row in self.history.get(name, []):
            if row["updated_at"] <= as_of:
                newest[row["id"]] = row
        rows = sorted(
            (
                row
                for row in newest.values()
                if (row["updated_at"] > since if since else not row.get("deleted"))
            ),
            key=lambda row: (row["updated_at"], row["id"]),
        )
        page, size = int(params["page"]), int(params["page_size"])
        return {
            "items": deepcopy(rows[(page - 1) * size : page * size]),
            "page": page,
            "page_size": size,
            "pages": -(-len(rows) // size),
            "total": len(rows),
            "as_of": as_of,
        }

    def _token(self, request: httpx.Request) -> httpx.Response:
        basic = b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if basic != f"{APP.client_id}:{APP.client_secret}":
            return httpx.Response(401, json={"error": "invalid_client"})
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if form["grant_type"] == "refresh_token":
            known = form["refresh_token"] in self.refresh_tokens
            self.refresh_tokens.discard(form["refresh_token"])
        else:
            challenge = self.codes.pop(form["code"], None)
            known = (
                challenge == create_s256_code_challenge(form["code_verifier"])
                and form["redirect_uri"] == REDIRECT_URI
            )
        if not known:
            return httpx.Response(
                400, json={"error": "invalid_grant", "error_description": "Revoked"}
            )
        return httpx.Response(200, json=self._tokens())

    def _tokens(self) -> dict[str, Any]:
        self._tick()
        unique = sha256(self._moment().encode()).hexdigest()[:12]
        access, refresh = f"canary-access-{unique}", f"canary-refresh-{unique}"
        self.access_tokens.add(access)
        self.refresh_tokens.add(refresh)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 1800,
            "refresh_token": refresh,
            "refresh_token_expires_in": 60 * 86400,
            "scope": "accounting.read offline_access",
        }

    def _tick(self) -> None:
        self.now += timedelta(microseconds=1)

    def _moment(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
