"""Collections as a platform gives them that changes, never ends, shifts, or has the wrong time.

Each is well-formed JSON: what is wrong with it shows only to whoever compares it with the rest.
"""

import msgspec

from sandbox.faults import Fault
from sandbox.ledger import moments
from sandbox.views.collections import Row

type Body = dict[str, object]

#: What an endless list says it has, page after page.
ENDLESS_PAGES = 1_000_000
_PARTS = ("lines", "components", "addresses", "applied")
_RETYPED = ("status", "description", "amount")


def clock_skew(fault: Fault | None) -> int:
    """Return by how much the platform's clock is ahead, in moments."""
    if fault is None or fault.kind != "skewed_clock":
        return 0
    return round(fault.pause * moments.SECOND)


def is_kind(fault: Fault | None, kind: str) -> bool:
    return fault is not None and fault.kind == kind


def later(rows: list[Row], skew: int) -> list[Row]:
    """Show rows as a clock that is ahead would have stamped them."""
    return [_moved(row, row.updated_at + skew) for row in rows]


def endless(rows: list[Row], page: int, as_of: int) -> list[Row]:
    """Make new rows of those of the first page: others with each page, each later than the last."""
    return [
        _moved(row, as_of + page * moments.SECOND + number, id=f"{row.id}-{page}")
        for number, row in enumerate(rows)
        if not row.deleted
    ]


def grown(rows: list[Row]) -> list[Row]:
    """Give each row a field that no manual names, and each of its lines."""
    return [
        row
        if row.deleted
        else msgspec.structs.replace(row, body=_grown(row.body) | {"loyalty_tier": "gold"})
        for row in rows
    ]


def retyped(rows: list[Row]) -> list[Row]:
    """Turn a field of each row into an object."""
    return [
        row if row.deleted else msgspec.structs.replace(row, body=_retyped(row.body))
        for row in rows
    ]


def _moved(row: Row, moment: int, **names: str) -> Row:
    body = row.body | names | {"updated_at": moments.text(moment)}
    return msgspec.structs.replace(row, updated_at=moment, body=body, **names)


def _grown(body: Body) -> Body:
    return {
        name: [{**part, "colour": 3} for part in value]
        if name in _PARTS and isinstance(value, list)
        else value
        for name, value in body.items()
    }


def _retyped(body: Body) -> Body:
    name = next((name for name in _RETYPED if name in body), None)
    return body if name is None else body | {name: {"value": body[name]}}
