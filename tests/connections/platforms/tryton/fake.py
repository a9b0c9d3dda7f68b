"""A Tryton server in one process: the REST interface as far as we use it, and faults.

Rows are kept as they would be answered if every field were asked for; what only domains look at
(``BESIDES``) is merged in. An answer holds the fields that were asked for, as the real one does.
"""

import base64
import datetime as dt
import email.utils
import json
import operator
from collections import deque
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from connections.platforms.base import Credentials, PlatformApp
from connections.platforms.http import new_client
from connections.platforms.tryton import Tryton
from connections.schemas import DataType

ANSWERS = Path(__file__).parent / "answers"
BASE_URL = "https://tryton.test"
DATABASE = "books"
KEY = "canary-key-0123456789abcdef"
APP = PlatformApp()
NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)

type Fault = Callable[[httpx.Request], httpx.Response]
type Row = dict[str, Any]

MODELS = {
    DataType.CHART_OF_ACCOUNTS: "account.account",
    DataType.TAX_RATES: "account.tax",
    DataType.CUSTOMERS: "party.party",
    DataType.SUPPLIERS: "party.party",
    DataType.INVOICES: "account.invoice",
    DataType.BILLS: "account.invoice",
    DataType.CREDIT_NOTES: "account.invoice",
    DataType.BILL_CREDIT_NOTES: "account.invoice",
    DataType.PAYMENTS: "account.move.line",
    DataType.BILL_PAYMENTS: "account.move.line",
    DataType.JOURNAL_ENTRIES: "account.move",
    DataType.BANK_ACCOUNTS: "account.statement.journal",
    DataType.BANK_TRANSACTIONS: "account.statement.line",
}
OTHER_MODELS = {
    "ir.model",
    "company.company",
    "account.account.party",
    "account.account.type",
    "account.fiscalyear",
    "account.period",
    "account.statement",
}
_LEDGER_LINE = {"move": {"company": 1, "state": "posted"}, "origin": None}
BESIDES: dict[DataType, Row] = {
    DataType.CHART_OF_ACCOUNTS: {"company": 1, "type": {"id": 20, "statement": "balance"}},
    DataType.TAX_RATES: {"company": 1, "parent": None},
    DataType.CUSTOMERS: {},
    DataType.SUPPLIERS: {},
    DataType.INVOICES: {"company": 1},
    DataType.BILLS: {"company": 1},
    DataType.CREDIT_NOTES: {"company": 1},
    DataType.BILL_CREDIT_NOTES: {"company": 1},
    DataType.PAYMENTS: {**_LEDGER_LINE, "account": {"type": {"receivable": 1, "payable": 0}}},
    DataType.BILL_PAYMENTS: {
        **_LEDGER_LINE,
        "account": {"type": {"receivable": 0, "payable": 1}},
    },
    DataType.JOURNAL_ENTRIES: {"company": 1, "state": "posted"},
    DataType.BANK_ACCOUNTS: {"company": 1},
    DataType.BANK_TRANSACTIONS: {"statement": {"company": 1}},
}


def sample(name: str) -> Any:
    return json.loads((ANSWERS / f"{name}.json").read_text())


def moment(at: dt.datetime) -> Row:
    return {
        "__class__": "datetime",
        **{name: getattr(at, name) for name in ("year", "month", "day", "hour", "minute")},
        **{name: getattr(at, name) for name in ("second", "microsecond")},
    }


def day(year: int, month: int, number: int) -> Row:
    return {"__class__": "date", "year": year, "month": month, "day": number}


def amount(text: str) -> Row:
    return {"__class__": "Decimal", "decimal": text}


def merged(row: Any, changes: Any) -> Any:
    if isinstance(row, dict) and isinstance(changes, dict) and "__class__" not in changes:
        return {**row, **{name: merged(row.get(name), part) for name, part in changes.items()}}
    # A link told as a bare id becomes a record, so that domains can look into it.
    return deepcopy(changes)


class FakeTryton:
    def __init__(self) -> None:
        self.now = NOON
        self.tables: dict[str, dict[int, Row]] = {
            name: {} for name in (*MODELS.values(), *OTHER_MODELS)
        }
        self.postings: list[tuple[dt.date, int, Decimal]] = []
        """Date, account and what was debited: the balances follow from them."""
        self.requests: list[httpx.Request] = []
        self.faults: deque[Fault] = deque()
        self.pauses: list[float] = []
        self.keys = {KEY}
        self.unreadable: set[str] = set()
        """Fields and whole models that the key's user may not read."""
        self.repeats = False
        self.tables["company.company"][1] = sample("company")
        self.add("account.fiscalyear", 1, start_date=day(2025, 1, 1), end_date=day(2025, 12, 31))
        self.add("account.fiscalyear", 2, start_date=day(2026, 1, 1), end_date=day(2026, 12, 31))
        for row in sample("accountTypes"):
            self.add("account.account.type", **row)

    def client(self) -> httpx.Client:
        return new_client(base_url=BASE_URL, transport=httpx.MockTransport(self.answer))

    def open(self, platform: type[Tryton] = Tryton, /, **parameters: str) -> Tryton:
        return platform(self.client(), self.credentials(**parameters), sleep=self.pauses.append)

    def credentials(self, **parameters: str) -> Credentials:
        typed = {"url": BASE_URL, "database": DATABASE, **parameters}
        return Credentials(access_token=KEY, parameters=typed)

    def put(self, data_type: DataType, row_id: int, **changes: Any) -> Row:
        """Keep the sample of a type under an id, as created now."""
        self.tick()
        stamps = {"create_date": moment(self.now), "write_date": None}
        row = merged(sample(data_type.value), {**BESIDES[data_type], **stamps, "id": row_id})
        row.update(changes)
        self.tables[MODELS[data_type]][row_id] = row
        flag = {DataType.CUSTOMERS: "receivable", DataType.SUPPLIERS: "payable"}.get(data_type)
        if flag:
            self.add("account.account.party", row_id, party=row_id, account={"type": {flag: 1}})
        return row

    def add(self, model: str, id: int, **values: Any) -> None:  # noqa: A002 - their word
        self.tables[model][id] = {"company": 1, **values, "id": id}

    def write(self, data_type: DataType, row_id: int, **changes: Any) -> None:
        self.tick()
        row = self.tables[MODELS[data_type]][row_id]
        row.update(changes, write_date=moment(self.now))

    def delete(self, data_type: DataType, row_id: int) -> None:
        del self.tables[MODELS[data_type]][row_id]
        self.tables["account.account.party"].pop(row_id, None)

    def fail(self, fault: Fault, times: int = 1) -> None:
        self.faults.extend([fault] * times)

    def tick(self) -> None:
        self.now += dt.timedelta(milliseconds=1)

    def asked(self, model: str) -> list[httpx.Request]:
        return [each for each in self.requests if each.url.path.endswith(f"/model/{model}")]

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.popleft()(request)
        status, body = self._respond(request)
        headers = {"Date": email.utils.format_datetime(self.now, usegmt=True)}
        if isinstance(body, str):
            return httpx.Response(status, headers=headers, text=f"<!doctype html>{body}")
        return httpx.Response(status, headers=headers, json=body)

    def _respond(self, request: httpx.Request) -> tuple[int, Any]:
        _, database, *path = request.url.path.split("/")
        model = path[-1]
        if path == ["rest", "model", "ir.model", "read"]:
            return 405, "Method Not Allowed"
        if database != DATABASE:
            return 404, "Not Found"
        if request.headers.get("Authorization", "")[7:] not in self.keys:
            return 401, "Unauthorized"
        if model in self.unreadable:
            message = f"You are not allowed to access {model}."
            return 400, {"status": 400, "message": message, "description": ""}
        return (200, self._search(model, request)) if model in self.tables else (500, model)

    def _search(self, model: str, request: httpx.Request) -> list[Row]:
        params = request.url.params
        domain = _decoded(params.get("d")) or []
        context = _decoded(request.headers.get("X-Tryton-Context")) or {}
        if self.repeats:
            domain = [clause for clause in domain if clause[:2] != ["id", ">"]]
        fields = [name for name in params.get_list("f") if f"{model}.{name}" not in self.unreadable]
        if model == "ir.model":
            return [{"id": place, "name": name} for place, name in enumerate(self.tables)]
        rows = [row for row in self.tables[model].values() if _holds(row, domain)]
        for name, direction in reversed(_decoded(params.get("o")) or []):
            rows.sort(key=lambda row: _plain(row[name]), reverse=direction == "DESC")
        if model == "account.account":
            rows = [{**row, **self._balance(row["id"], context)} for row in rows]
        return [_shown(row, fields) for row in rows[: int(params.get("s", len(rows)))]]

    def _balance(self, account: int, context: Row) -> Row:
        """Reckon as Tryton does: with a date, in that date's fiscal year only, or cumulated."""
        start, end = _plain(context.get("from_date")), _plain(context.get("to_date"))
        if on := _plain(context.get("date")):
            start, end = None if context.get("cumulate") else on.replace(month=1, day=1), on
        total = sum(
            debited
            for date, where, debited in self.postings
            if where == account and (not start or date >= start) and (not end or date <= end)
        )
        balance = Decimal(total)
        return {
            "debit": amount(str(max(balance, Decimal()))),
            "credit": amount(str(max(-balance, Decimal()))),
            "balance": amount(str(balance)),
        }


def _decoded(text: str | None) -> Any:
    return json.loads(base64.urlsafe_b64decode(text)) if text else None


def _plain(value: Any) -> Any:
    match value:
        case {"__class__": "Decimal", "decimal": text}:
            return Decimal(text)
        case {"__class__": "date", "year": year, "month": month, "day": number}:
            return dt.date(year, month, number)
        case {"__class__": "datetime"}:
            parts = {name: part for name, part in value.items() if name != "__class__"}
            return dt.datetime(**parts, tzinfo=dt.UTC)
        case {"id": row_id}:
            return row_id
        case list():
            return [_plain(each) for each in value]
    return value


def _shown(row: Row, fields: list[str]) -> Row:
    shown: Row = {"id": row["id"], "__name__": row.get("__name__", "")}
    for name in {field.partition(".")[0] for field in fields}:
        parts = [field.partition(".")[2] for field in fields if field.startswith(f"{name}.")]
        value = row.get(name)
        if not parts or value is None:
            linked = isinstance(value, dict) and "__class__" not in value
            shown[name] = _plain(value) if linked or isinstance(value, list) else value
        elif isinstance(value, list):
            shown[name] = [_shown(each, parts) for each in value]
        else:
            shown[name] = _shown({"id": 0, **value}, parts)
    return shown


def _values(row: Any, path: list[str]) -> list[Any]:
    if isinstance(row, list):
        return [value for each in row for value in _values(each, path)]
    if not path or not isinstance(row, dict):
        return [_plain(row)] if not path else [None]
    return _values(row.get(path[0]), path[1:])


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "in": lambda value, listed: value in listed,
    "like": lambda value, pattern: value.startswith(pattern.rstrip("%")),
}


def _holds(row: Row, domain: list[Any]) -> bool:
    if domain and domain[0] == "OR":
        return any(_holds(row, part) for part in domain[1:])
    if domain and isinstance(domain[0], str):
        path, name, wanted = domain
        values = _values(row, path.split("."))
        return any(
            _OPERATORS[name](value, _plain(wanted))
            for value in values
            if value is not None or name in {"=", "!=", "in"}
        )
    return all(_holds(row, part) for part in domain)
