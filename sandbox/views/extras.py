"""Fields beyond those that every answer has: only whoever names them gets them.

They follow from the record's id alone, so they are the same in any process and at any moment.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from zlib import crc32

type Body = dict[str, object]
type Field = Callable[[str], object]

_PEOPLE = (
    "Amara Okafor",
    "Jonas Lindqvist",
    "Mei-Ling Tan",
    "Rosa D’Angelo",
    "Siân O’Neill",
)


def person(key: str) -> Body:
    """Choose who is in charge of something."""
    name = _one_of(*_PEOPLE)(key)
    return {"name": name, "email": f"{str(name).split()[0].lower()}@example.com"}


def share(key: str, parts: int) -> int:
    """Put a key into one of so many parts of about the same size."""
    return crc32(key.encode()) % parts


def _one_of(*choices: object) -> Field:
    return lambda key: choices[share(key, len(choices))]


def _some_of(*choices: object) -> Field:
    return lambda key: [each for each in choices if share(f"{key}.{each}", 2)]


def _object(**members: Field) -> Field:
    return lambda key: {name: member(f"{key}.{name}") for name, member in members.items()}


def _numbered(prefix: str) -> Field:
    return lambda key: f"{prefix}-{share(key, 90_000) + 10_000}"


_APPROVAL = _object(by=person, step=_one_of("manager", "finance", "board"))
_PROJECT = _object(code=_numbered("P"), name=_one_of("Opening", "Refit", "Rollout", "Upkeep"))
_PARTY: Mapping[str, Field] = MappingProxyType(
    {
        "account_manager": person,
        # Written as numbers are, where the books' own amounts are texts.
        "credit_limit": _one_of(1000, 2500.50, 10000.00, 0.1, None),
        "sector": _one_of("Retail", "Hospitality", "Public", "Wholesale"),
        "tags": _some_of("key account", "export", "newsletter"),
    }
)
_DOCUMENT: Mapping[str, Field] = MappingProxyType({"approval": _APPROVAL, "project": _PROJECT})

FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "company": {
            "employees": _one_of(7, 24, 180),
            "industry": _object(code=_numbered("SIC"), name=_one_of("Retail", "Trade")),
        },
        "accounts": {
            "reporting_code": _numbered("R"),
            "is_budgeted": _one_of(True, False),  # noqa: FBT003 - the two choices
        },
        "tax_rates": {"return_box": _one_of("1", "4", "6", None)},
        "customers": _PARTY,
        "suppliers": _PARTY,
        "items": {
            "bin": _object(aisle=_one_of("A", "B", "C"), shelf=_one_of(1, 2, 3)),
            "weight_kg": _one_of(0.25, 1.0, 12.5),
        },
        "invoices": {**_DOCUMENT, "purchase_order": _numbered("PO")},
        "bills": {**_DOCUMENT, "cost_center": _one_of("100", "200", "300")},
        "credit_notes": {"reason": _one_of("Damaged", "Returned", "Price"), "approval": _APPROVAL},
        "journal_entries": {"prepared_by": person, "batch": _numbered("B")},
    }
)
"""What can be asked for beside the usual fields, by collection."""


def added(collection: str, key: str, body: Body, names: Iterable[str]) -> Body:
    """Return the body with the fields asked for; a name that nothing has adds nothing."""
    known = FIELDS.get(collection, {})
    return body | {name: known[name](f"{key}.{name}") for name in names if name in known}
