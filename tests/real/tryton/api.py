"""Tryton's interfaces as others than us use them: REST with a key, JSON-RPC with a password.

Nothing is shared with the adapter, so that a misunderstanding there is not repeated here.
"""

import base64
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx

from tests.real.tryton.environment import Tryton

#: The only one in the books.
COMPANY = 1
_SECONDS = 60
_FRACTIONS = ("hour", "minute", "second", "microsecond")


class Refused(Exception):
    """Tryton did not do it; says why in its own words."""


class Rest:
    """One user's key to the REST interface."""

    def __init__(self, tryton: Tryton, key: str) -> None:
        self.http = httpx.Client(
            base_url=f"{tryton.url}/{tryton.database}/rest/model/",
            headers={"Authorization": f"Bearer {key}"},
            timeout=_SECONDS,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.http.close()

    def list(
        self,
        model: str,
        fields: Sequence[str],
        domain: Sequence[Any] = (),
        *,
        order: Sequence[Sequence[str]] = (("id", "ASC"),),
        context: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        query = [("f", field) for field in fields]
        query += [("d", _encoded(domain)), ("o", _encoded(order))]
        found: list[dict[str, Any]] = self._call("GET", model, params=query, context=context)
        return found

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        made: dict[str, Any] = self._call("POST", model, body=values)
        return int(made["id"])

    def write(self, model: str, record: int, values: Mapping[str, Any]) -> None:
        self._call("PUT", f"{model}/{record}", body=values)

    def delete(self, model: str, record: int) -> None:
        self._call("DELETE", f"{model}/{record}")

    def press(self, model: str, record: int, button: str) -> None:
        """Press a button of the record's form."""
        # Warnings, such as about a date in the past, want an answer that REST cannot give.
        self._call("POST", f"{model}/{record}/{button}", context={"_skip_warnings": True})

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Any:
        headers = {"X-Tryton-Context": _encoded({"company": COMPANY, **(context or {})})}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, default=_wire)
        answer = self.http.request(
            method, path, params=list(params), content=content, headers=headers
        )
        if not answer.is_success:
            raise Refused(f"{method} {path}: HTTP {answer.status_code} {answer.text[:400]}")
        return json.loads(answer.content, object_hook=_value) if answer.content else None


class Desktop:
    """A user at Tryton's own client, for the dialogs that REST does not have."""

    def __init__(self, tryton: Tryton, login: str, password: str) -> None:
        self.address = f"{tryton.url}/{tryton.database}/rpc/"
        user, session, *_ = self._call("common.db.login", login, {"password": password})
        secret = base64.b64encode(f"{login}:{user}:{session}".encode()).decode()
        self.headers = {"Authorization": f"Session {secret}"}
        self.context = self._call("model.res.user.get_preferences", True, {})

    headers: Mapping[str, str] = {}

    def answer(
        self, wizard: str, state: str, values: Mapping[str, Any], *, model: str, records: list[int]
    ) -> None:
        """Open a dialog on records, fill in its only page and press one of its buttons."""
        context = {
            **self.context,
            "active_model": model,
            "active_id": records[0],
            "active_ids": records,
        }
        session, *_ = self._call(f"wizard.{wizard}.create", context)
        self._call(f"wizard.{wizard}.execute", session, values, state, context)

    def _call(self, method: str, *params: Any) -> Any:
        question = json.dumps({"id": 1, "method": method, "params": params}, default=_wire)
        headers = {**self.headers, "Content-Type": "application/json"}
        answer = httpx.post(
            self.address, content=question, headers=headers, timeout=_SECONDS, trust_env=False
        )
        said = json.loads(answer.content, object_hook=_value) if answer.is_success else {}
        if "result" not in said:
            raise Refused(f"{method}: HTTP {answer.status_code} {answer.text[:400]}")
        return said["result"]


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, default=_wire).encode()).decode()


def _wire(value: object) -> dict[str, Any]:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case dt.date():
            parts = {"year": value.year, "month": value.month, "day": value.day}
            return {"__class__": "date", **parts}
        case _:
            raise TypeError(f"{value!r} is not sent to Tryton")


def _value(wire: dict[str, Any]) -> Any:
    match wire.get("__class__"):
        case "Decimal":
            return Decimal(wire["decimal"])
        case "date":
            return dt.date(wire["year"], wire["month"], wire["day"])
        case "datetime":
            time = {part: wire[part] for part in _FRACTIONS}
            return dt.datetime(wire["year"], wire["month"], wire["day"], **time, tzinfo=dt.UTC)
        case _:
            return wire
