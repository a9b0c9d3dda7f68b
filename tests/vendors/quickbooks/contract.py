"""What Intuit publishes as a judge: its XSDs of every answer, its reference of every request.

The XSDs are not ours to copy: they lie beside the project, as ``../shared/contracts`` or where
``QUICKBOOKS_CONTRACTS`` says. Without them answers are not judged, and ``MISSING`` says so.

They describe XML. In JSON attributes are members like any other, the text of an element with
attributes is ``value``, and what may occur several times is a list.
"""

import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from tests.vendors.books import documents_beside
from tests.vendors.quickbooks import query as language
from tests.vendors.quickbooks.company import ENTITIES, TAXES

MISSING = "Intuit's XSDs are not at hand: answers are not checked against them."
MINOR_VERSION = "75"

_XS = "{http://www.w3.org/2001/XMLSchema}"
_FILES = ("qbo-Finance.xsd", "qbo-IntuitBaseTypes.xsd", "qbo-Report.xsd")
_DATE = r"\d{4}-\d\d-\d\d"
_DATE_TIME = rf"{_DATE}T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
_PATH = re.compile(r"/v3/company/\d+/(.+)")

# https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/profitandloss
_REPORT_PARAMETERS = {
    "start_date": _DATE,
    "end_date": _DATE,
    "accounting_method": "Accrual|Cash",
    "summarize_column_by": "Total|Month|Week|Days|Quarter|Year|Customers|Vendors|Classes"
    "|Departments|Employees|ProductsAndServices",
    "date_macro": ".+",
    "sort_order": "ascend|descend",
    "adjusted_gain_loss": "true|false",
    "customer": r"\d+(,\d+)*",
    "vendor": r"\d+(,\d+)*",
    "class": r"\d+(,\d+)*",
    "department": r"\d+(,\d+)*",
    "item": r"\d+(,\d+)*",
    "qzurl": "true|false",
}
_PARAMETERS: dict[str, dict[str, str]] = {
    r"companyinfo/\d+": {},
    "preferences": {},
    "query": {"query": ".+"},
    "cdc": {"entities": r"\w+(,\w+)*", "changedSince": rf"{_DATE}|{_DATE_TIME}"},
    "reports/(ProfitAndLoss|BalanceSheet)": _REPORT_PARAMETERS,
}
_REQUIRED = {"query": {"query"}, "cdc": {"entities", "changedSince"}}
# Changes of these are not told.
# https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture
_UNTRACKED = frozenset({*TAXES, "CompanyInfo", "Preferences"})
# Defined in IntuitNamesTypes.xsd, which Intuit's kits carry and the documents at hand do not.
_NAME = {
    **dict.fromkeys(
        (
            *("Title", "GivenName", "MiddleName", "FamilyName", "Suffix"),
            *("FullyQualifiedName", "CompanyName", "DisplayName", "PrintOnCheckName", "Notes"),
        ),
        "xs:string",
    ),
    "Active": "xs:boolean",
    "PrimaryPhone": "TelephoneNumber",
    "AlternatePhone": "TelephoneNumber",
    "Mobile": "TelephoneNumber",
    "Fax": "TelephoneNumber",
    "PrimaryEmailAddr": "EmailAddress",
    "WebAddr": "WebSiteAddress",
    "CurrencyRef": "ReferenceType",
    "TaxExemptionReasonId": "xs:string",
    "Balance": "xs:decimal",
    "BillAddr": "PhysicalAddress",
    "AcctNum": "xs:string",
}
_NAMES: dict[str, dict[str, str]] = {
    "Customer": {
        **_NAME,
        "Taxable": "xs:boolean",
        "Job": "xs:boolean",
        "BillWithParent": "xs:boolean",
        "ParentRef": "ReferenceType",
        "Level": "xs:int",
        "ShipAddr": "PhysicalAddress",
        "BalanceWithJobs": "xs:decimal",
        "PreferredDeliveryMethod": "xs:string",
        "DefaultTaxCodeRef": "ReferenceType",
        "SalesTermRef": "ReferenceType",
        "PaymentMethodRef": "ReferenceType",
    },
    "Vendor": {
        **_NAME,
        "Vendor1099": "xs:boolean",
        "TaxIdentifier": "xs:string",
        "TermRef": "ReferenceType",
        "BillRate": "xs:decimal",
    },
}


def find_documents() -> Path | None:
    """Return where the XSDs lie, if they do."""
    return documents_beside("qbo-Finance.xsd", os.environ.get("QUICKBOOKS_CONTRACTS"))


@cache
def load() -> "Contract | None":
    """Read the XSDs once a process."""
    directory = find_documents()
    return Contract(directory) if directory else None


def request_faults(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> Iterator[str]:
    """Tell what of a request Intuit's reference does not know."""
    what = _PATH.fullmatch(path)
    operation = next((each for each in _PARAMETERS if what and re.fullmatch(each, what[1])), None)
    if method != "GET" or operation is None:
        yield f"{method} {path} is not in the reference"
        return
    if query.get("minorversion") != MINOR_VERSION:
        yield f"{path}: minorversion is {query.get('minorversion')!r}"
    known = _PARAMETERS[operation]
    for name, value in query.items():
        if name not in known and name != "minorversion":
            yield f"{path}: unknown parameter {name}"
        elif name in known and not re.fullmatch(known[name], value):
            yield f"{path}: {name} is {value!r}"
    yield from (f"{path} lacks {each}" for each in _REQUIRED.get(operation, set()) - query.keys())
    # Without asking for it the answer is XML.
    if "application/json" not in headers.get("accept", ""):
        yield f"{path}: Accept is {headers.get('accept')!r}"
    if operation == "query":
        yield from _query_faults(query.get("query", ""))
    if operation == "cdc":
        yield from _change_faults(query.get("entities", "").split(","))


def _query_faults(text: str) -> Iterator[str]:
    try:
        language.parse(text)
    except language.Unparsable as error:
        yield f"{error}: {text}"


def _change_faults(entities: list[str]) -> Iterator[str]:
    for entity in entities:
        if entity not in ENTITIES:
            yield f"cdc: {entity} is no entity"
        elif entity in _UNTRACKED:
            yield f"cdc: changes of {entity} are not told"


@dataclass(slots=True)
class _Type:
    base: str | None = None
    #: Members by name: type, and whether there may be several.
    members: dict[str, tuple[str, bool]] = field(default_factory=dict)
    is_text: bool = False
    is_open: bool = False


class Contract:
    def __init__(self, directory: Path) -> None:
        self._types: dict[str, _Type] = {}
        self._enums: dict[str, frozenset[str]] = {}
        self._simple: dict[str, str] = {}
        roots = [ET.parse(directory / name).getroot() for name in _FILES]
        groups = {
            str(group.get("name")): group for root in roots for group in root.findall(f"{_XS}group")
        }
        for root in roots:
            for simple in root.findall(f"{_XS}simpleType"):
                self._read_simple(simple)
            for complex_ in root.findall(f"{_XS}complexType"):
                self._types[str(complex_.get("name"))] = _read_complex(complex_, groups)
        for name, members in _NAMES.items():
            listed = {member: (kind, False) for member, kind in members.items()}
            self._types[name] = _Type(base="IntuitEntity", members=listed)

    def answer_faults(self, path: str, status: int, body: bytes) -> Iterator[str]:
        """Tell how an answer differs from what the XSDs promise."""
        what = _PATH.fullmatch(path)
        if what is None or status != 200:
            return
        answer = json.loads(body, parse_float=Decimal)
        if what[1].startswith("reports/"):
            yield from self._faults(what[1], answer, "Report")
            return
        if not re.fullmatch(_DATE_TIME, str(answer.pop("time", None))):
            yield f"{what[1]}: an answer without its time"
        if what[1] == "query":
            yield from self._list_faults(answer.pop("QueryResponse"))
        elif what[1] == "cdc":
            for response in answer.pop("CDCResponse"):
                for listed in response.pop("QueryResponse"):
                    yield from self._list_faults(listed)
        for entity, row in answer.items():
            yield from self._entity_faults(entity, row)

    def members(self, kind: str) -> frozenset[str]:
        """Return what the XSDs name in an entity or a piece of one."""
        return frozenset(self._members(kind)[0])

    def _list_faults(self, listed: dict[str, Any]) -> Iterator[str]:
        for name, value in listed.items():
            if name in {"startPosition", "maxResults", "totalCount"}:
                yield from _scalar_faults(name, value, "int")
            else:
                for row in value:
                    yield from self._entity_faults(name, row)

    def _entity_faults(self, entity: str, row: Any) -> Iterator[str]:
        if entity not in ENTITIES:
            yield f"{entity} is no entity"
        else:
            yield from self._faults(f"{entity} {row.get('Id')}", row, entity)

    def _faults(self, where: str, value: Any, kind: str) -> Iterator[str]:
        if kind in self._enums:
            if value not in self._enums[kind]:
                yield f"{where}: {value!r} is not of {kind}"
        elif kind in self._simple:
            yield from self._faults(where, value, self._simple[kind])
        elif kind.startswith("xs:"):
            yield from _scalar_faults(where, value, kind.removeprefix("xs:"))
        elif kind not in self._types:
            yield f"{where}: the type {kind} is unknown"
        else:
            yield from self._struct_faults(where, value, kind)

    def _struct_faults(self, where: str, value: Any, kind: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: {value!r} is no {kind}"
            return
        known, is_open = self._members(kind)
        for name, inner in value.items():
            place = f"{where}.{name}"
            if name not in known:
                if not is_open:
                    yield f"{place} is not in {kind}"
                continue
            inner_kind, is_list = known[name]
            if is_list != isinstance(inner, list):
                yield f"{place}: {'a list' if is_list else 'one value'} was promised"
            else:
                for each in inner if is_list else (inner,):
                    yield from self._faults(place, each, inner_kind)

    def _members(self, kind: str) -> tuple[dict[str, tuple[str, bool]], bool]:
        members: dict[str, tuple[str, bool]] = {}
        is_open, name = False, kind
        while name in self._types:
            found = self._types[name]
            members = found.members | members
            is_open = is_open or found.is_open
            if found.is_text:
                members["value"] = (found.base or "xs:string", False)
                break
            name = found.base or ""
        return members, is_open

    def _read_simple(self, simple: ET.Element) -> None:
        name, restriction = str(simple.get("name")), simple.find(f"{_XS}restriction")
        assert restriction is not None, name
        values = [str(each.get("value")) for each in restriction.findall(f"{_XS}enumeration")]
        if values:
            self._enums[name] = frozenset(values)
        else:
            self._simple[name] = str(restriction.get("base"))


def _read_complex(complex_: ET.Element, groups: Mapping[str, ET.Element]) -> _Type:
    found = _Type()
    _collect(complex_, found, groups)
    return found


def _collect(node: ET.Element, found: _Type, groups: Mapping[str, ET.Element]) -> None:
    """Read a definition's members, however deep in sequences and choices they stand."""
    for child in node:
        match child.tag.removeprefix(_XS):
            case "element" | "attribute":
                is_list = child.get("maxOccurs", "1") != "1"
                found.members[str(child.get("name"))] = (child.get("type", "xs:string"), is_list)
            case "extension":
                found.base = child.get("base")
                _collect(child, found, groups)
            case "simpleContent":
                found.is_text = True
                _collect(child, found, groups)
            case "group":
                _collect(groups[str(child.get("ref"))], found, groups)
            case "any":
                found.is_open = True
            case "annotation":
                pass
            case _:
                _collect(child, found, groups)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


_SCALARS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "anyURI": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "decimal": _is_number,
    "int": _is_whole,
    "integer": _is_whole,
    "positiveInteger": lambda value: _is_whole(value) and value > 0,
    "date": _matches(_DATE),
    "dateTime": _matches(_DATE_TIME),
}


def _scalar_faults(where: str, value: Any, kind: str) -> Iterator[str]:
    if not _SCALARS[kind](value):
        yield f"{where}: {value!r} is no {kind}"
