"""Keyset paging: a page starts after a row, not after a number of rows, so depth costs nothing.

A position travels as a signed string. One that was altered, or that belongs to another order, is
no position: the list starts at its beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.core import signing
from django.db import models
from django.db.models import Q

_SALT = "companies.paging"


@dataclass(frozen=True, slots=True)
class Order:
    """Sorted by a column and then by id; rows without a value come last in both directions."""

    key: str
    column: str
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """The row a page starts after, or, going back, ends before."""

    order: str
    value: str | datetime | None
    id: UUID
    is_forward: bool

    def __str__(self) -> str:
        is_moment = isinstance(self.value, datetime)
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return signing.dumps(
            [self.order, is_moment, value, str(self.id), self.is_forward], salt=_SALT
        )

    @classmethod
    def parse(cls, text: str, order: Order) -> Self | None:
        try:
            key, is_moment, value, row_id, is_forward = signing.loads(text, salt=_SALT)
        except signing.BadSignature:
            return None
        if key != order.key:
            return None
        return cls(
            order=key,
            value=datetime.fromisoformat(value) if is_moment else value,
            id=UUID(row_id),
            is_forward=is_forward,
        )


@dataclass(frozen=True, slots=True)
class Page[M: models.Model]:
    rows: list[M]
    before: Position | None
    after: Position | None


def page[M: models.Model](
    rows: models.QuerySet[M], order: Order, position: Position | None, size: int
) -> Page[M]:
    """Read one page, and one row more to know whether there is another."""
    is_forward = position is None or position.is_forward
    found: list[M] = []
    for stretch in _stretches(rows, order, position, is_forward=is_forward):
        found += stretch[: size + 1 - len(found)]
        if len(found) > size:
            break
    has_more, found = len(found) > size, found[:size]
    if position is not None and (not found or (not is_forward and len(found) < size)):
        return page(rows, order, None, size)  # where the list begins, as a whole page
    if not is_forward:
        found.reverse()
    has_before = position is not None if is_forward else has_more
    has_after = has_more if is_forward else True
    return Page(
        rows=found,
        before=_position(found[0], order, is_forward=False) if has_before else None,
        after=_position(found[-1], order, is_forward=True) if has_after else None,
    )


def _position(row: models.Model, order: Order, *, is_forward: bool) -> Position:
    return Position(
        order=order.key, value=getattr(row, order.column), id=row.pk, is_forward=is_forward
    )


def _stretches[M: models.Model](
    rows: models.QuerySet[M], order: Order, position: Position | None, *, is_forward: bool
) -> Iterator[models.QuerySet[M]]:
    """Yield the rows from the position on, those with a value and those without apart.

    Apart, each is one range of the index (organization, column, id); together they are none.
    """
    ascending = order.descending != is_forward
    with_value, without = Q(), None
    if order.nullable:
        with_value = Q(**{f"{order.column}__isnull": False})
        without = Q(**{f"{order.column}__isnull": True})
    if position is None:
        wanted = [with_value, without]
    elif position.value is None:
        rest = Q(**{f"{order.column}__isnull": True}) & _past(
            "id", position.id, ascending=ascending
        )
        wanted = [rest] if is_forward else [rest, with_value]
    else:
        rest = with_value & _past_row(order.column, position, ascending=ascending)
        wanted = [rest, without] if is_forward else [rest]
    sign = "" if ascending else "-"
    ordered = rows.order_by(f"{sign}{order.column}", f"{sign}id")
    for condition in wanted:
        if condition is not None:
            yield ordered.filter(condition)


def _past_row(column: str, position: Position, *, ascending: bool) -> Q:
    # The first condition follows from the rest; it alone is a range of the index.
    at_or_past = Q(**{f"{column}__{'gte' if ascending else 'lte'}": position.value})
    past = _past(column, position.value, ascending=ascending)
    return at_or_past & (past | _past("id", position.id, ascending=ascending))


def _past(column: str, value: Any, *, ascending: bool) -> Q:
    return Q(**{f"{column}__{'gt' if ascending else 'lt'}": value})
