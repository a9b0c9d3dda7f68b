"""The query language, as strict as Intuit's parser.

SELECT * | COUNT(*) FROM Entity [WHERE condition [AND condition]…]
    [ORDERBY field [ASC|DESC][, …]] [STARTPOSITION n] [MAXRESULTS n]

https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from tests.vendors.books import Body
from tests.vendors.quickbooks.company import ENTITIES, PACIFIC, Company, Row

DEFAULT_RESULTS, MOST_RESULTS = 100, 1000

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z_][\w.]*)|(?P<number>\d+)
    |(?P<sign><=|>=|[=<>(),*]))""",
    re.VERBOSE,
)
_COMMON = {"Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime"}
_TRANSACTION = _COMMON | {"TxnDate", "DocNumber"}
# What Intuit's reference marks as filterable, as far as it is shown here.
_FILTERABLE = {
    "CompanyInfo": _COMMON,
    "Preferences": _COMMON,
    "Account": _COMMON
    | {"Active", "Name", "AccountType", "AccountSubType", "Classification", "FullyQualifiedName"},
    "Customer": _COMMON
    | {"Active", "DisplayName", "GivenName", "FamilyName", "CompanyName", "Balance"},
    "Vendor": _COMMON
    | {"Active", "DisplayName", "GivenName", "FamilyName", "CompanyName", "Balance"},
    "Item": _COMMON | {"Active", "Name", "Type", "Sku"},
    "TaxCode": _COMMON | {"Active", "Name"},
    "TaxRate": _COMMON | {"Active", "Name"},
    "Invoice": _TRANSACTION | {"CustomerRef", "DueDate", "Balance", "TotalAmt"},
    "CreditMemo": _TRANSACTION | {"CustomerRef", "Balance", "TotalAmt"},
    "Bill": _TRANSACTION | {"VendorRef", "APAccountRef", "DueDate", "Balance", "TotalAmt"},
    "VendorCredit": _TRANSACTION | {"VendorRef", "TotalAmt"},
    "Payment": _TRANSACTION - {"DocNumber"} | {"CustomerRef", "TotalAmt", "PaymentRefNum"},
    "BillPayment": _TRANSACTION | {"VendorRef", "TotalAmt"},
    "JournalEntry": _TRANSACTION | {"TotalAmt"},
    "Purchase": _TRANSACTION | {"PaymentType", "TotalAmt"},
    "Deposit": _TRANSACTION | {"TotalAmt"},
    "Transfer": _TRANSACTION - {"DocNumber"},
    "SalesReceipt": _TRANSACTION | {"CustomerRef", "TotalAmt"},
    "RefundReceipt": _TRANSACTION | {"CustomerRef", "TotalAmt"},
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


class Unparsable(Exception):
    """A query that Intuit answers with a fault; ``code`` is the fault's."""

    def __init__(self, code: str, message: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    operator: str
    values: tuple[str | bool, ...]


@dataclass(slots=True)
class Query:
    entity: str = ""
    counts: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    """Fields and whether each falls."""
    start: int = 1
    most: int = DEFAULT_RESULTS


def parse(text: str) -> Query:
    """:raises Unparsable: when the query is outside the language"""
    return _Parser(text).query()


def run(company: Company, query: Query) -> Body:
    """Return the ``QueryResponse``; the entity's member is absent when nothing is found."""
    rows = [row for row in company.rows(query.entity) if _fits(row, query)]
    if query.counts:
        return {"totalCount": len(rows)}
    for name, falls in reversed(query.order or [("Id", False)]):
        rows.sort(key=partial(_sortable, name=name), reverse=falls)
    shown = rows[query.start - 1 : query.start - 1 + query.most]
    if not shown:
        return {}
    return {
        query.entity: [row.body for row in shown],
        "startPosition": query.start,
        "maxResults": len(shown),
    }


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.place = 0

    def query(self) -> Query:
        query = Query()
        self._need("select")
        if self._take("count"):
            for sign in "(*)":
                self._need(sign)
            query.counts = True
        else:
            # Intuit takes names of fields too, and sends everything all the same.
            self._need("*")
        self._need("from")
        query.entity = self._word()
        if query.entity not in ENTITIES:
            raise _invalid(f"'{query.entity}' is not a supported entity")
        if self._take("where"):
            query.conditions.append(self._condition(query.entity))
            while self._take("and"):
                query.conditions.append(self._condition(query.entity))
        if self._take("orderby") or (self._take("order") and self._need("by")):
            query.order = self._order(query.entity)
        if self._take("startposition"):
            query.start = self._number(1, None)
        if self._take("maxresults"):
            query.most = self._number(1, MOST_RESULTS)
        if self.place < len(self.tokens):
            raise self._unexpected()
        return query

    def _condition(self, entity: str) -> Condition:
        name = self._field(entity)
        operator = self._next().lower()
        if operator in {"like", *_COMPARE}:
            return Condition(name, operator, (self._value(),))
        if operator != "in":
            self.place -= 1
            raise self._unexpected()
        self._need("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._need(")")
        return Condition(name, operator, tuple(values))

    def _order(self, entity: str) -> list[tuple[str, bool]]:
        order = []
        while True:
            name = self._field(entity)
            falls = self._take("desc")
            if not falls:
                self._take("asc")
            order.append((name, falls))
            if not self._take(","):
                return order

    def _field(self, entity: str) -> str:
        name = self._word()
        if name not in _FILTERABLE[entity]:
            raise _invalid(f"property '{name}' is not queryable for Entity {entity}")
        return name

    def _value(self) -> str | bool:
        token = self._next()
        if token.startswith("'"):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if token.lower() in {"true", "false"}:
            return token.lower() == "true"
        self.place -= 1
        raise self._unexpected()

    def _number(self, least: int, most: int | None) -> int:
        token = self._next()
        if not token.isdecimal():
            self.place -= 1
            raise self._unexpected()
        if int(token) < least:
            raise _invalid(f"value {token} is too small. Min allowed value is {least}.")
        if most is not None and int(token) > most:
            raise _invalid(f"value {token} is too large. Max allowed value is {most}.")
        return int(token)

    def _word(self) -> str:
        token = self._next()
        if not token[0].isalpha():
            self.place -= 1
            raise self._unexpected()
        return token

    def _next(self) -> str:
        if self.place >= len(self.tokens):
            raise self._unexpected()
        self.place += 1
        return self.tokens[self.place - 1]

    def _take(self, wanted: str) -> bool:
        found = self.place < len(self.tokens) and self.tokens[self.place].lower() == wanted
        self.place += found
        return found

    def _need(self, wanted: str) -> bool:
        if not self._take(wanted):
            raise self._unexpected()
        return True

    def _unexpected(self) -> Unparsable:
        rest = self.tokens[self.place :]
        return _unparsable(f'Encountered "{rest[0] if rest else "<EOF>"}"')


def _tokens(text: str) -> list[str]:
    if not text.strip():
        raise _unparsable("The query provided was empty")
    tokens, place = [], 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None:
            raise _unparsable(f"Invalid content. Lexical error at line 1, column {place + 1}.")
        tokens.append(found.group().strip())
        place = found.end()
    return tokens


def _unparsable(detail: str) -> Unparsable:
    return Unparsable("4000", "Error parsing query", f"QueryParserError: {detail}")


def _invalid(detail: str) -> Unparsable:
    return Unparsable("4001", "Invalid query", f"QueryValidationError: {detail}")


def _fits(row: Row, query: Query) -> bool:
    named = {condition.field for condition in query.conditions}
    if "Active" not in named and row.body.get("Active") is False:
        return False
    return all(_holds(row, condition) for condition in query.conditions)


def _holds(row: Row, condition: Condition) -> bool:
    value = _of(row, condition.field)
    if value is None:
        return False
    wanted = [_like(value, each) for each in condition.values]
    if condition.operator == "in":
        return value in wanted
    if condition.operator == "like":
        pattern = "".join(
            ".*" if sign == "%" else re.escape(sign) for sign in str(condition.values[0])
        )
        return re.fullmatch(pattern, str(value), re.IGNORECASE | re.DOTALL) is not None
    return _COMPARE[condition.operator](value, wanted[0])


def _of(row: Row, name: str) -> Any:
    """Return a member's value in the type that it compares in."""
    if name == "MetaData.LastUpdatedTime":
        return row.changed_at
    if name == "MetaData.CreateTime":
        return datetime.fromisoformat(row.body["MetaData"]["CreateTime"])
    if name == "Id":
        return int(row.id)
    value = row.body.get(name)
    return value["value"] if isinstance(value, dict) else value


def _like(value: Any, text: str | bool) -> Any:
    """Read what a query says in the type of the value that it is compared to."""
    if isinstance(value, bool) or isinstance(text, bool):
        return text if isinstance(text, bool) else text == "true"
    try:
        match value:
            case datetime():
                moment = datetime.fromisoformat(text)
                return moment if moment.tzinfo else moment.replace(tzinfo=PACIFIC)
            case int():
                return int(text)
            case Decimal():
                return Decimal(text)
    except (ValueError, InvalidOperation) as error:
        raise _invalid(f"value '{text}' is not of the property's type") from error
    return text


def _sortable(row: Row, name: str) -> tuple[bool, Any]:
    value = _of(row, name)
    return (value is not None, value if value is not None else 0)
