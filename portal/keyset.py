"""Pages by key instead of by number: as quick at the end of a long table as at its start.

A cursor names the row beside which a page begins. It is signed and bound to the order, so a
tampered or foreign one is no cursor, and the reader sees the first page.
"""

from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.http import QueryDict


@dataclass(frozen=True, slots=True)
class Page[M: Model]:
    rows: list[M]
    #: Cursors of the neighboring pages, empty where there is none.
    next: str
    previous: str


@dataclass(frozen=True, slots=True)
class _Key:
    name: str
    is_descending: bool

    def field(self, model: type[Model]) -> "Field[Any, Any]":
        field = model._meta.get_field(self.name)
        assert isinstance(field, Field)
        return field

    def beyond(self, value: object, *, is_descending: bool, nullable: bool) -> Q:
        """Select what comes after the value. PostgreSQL takes NULL for the largest of all."""
        if is_descending:
            if value is None:
                return Q(**{f"{self.name}__isnull": False})
            return Q(**{f"{self.name}__lt": value})
        if value is None:
            return Q(**{f"{self.name}__in": []})
        larger = Q(**{f"{self.name}__gt": value})
        return larger | Q(**{f"{self.name}__isnull": True}) if nullable else larger

    def at(self, value: object) -> Q:
        return Q(**({f"{self.name}__isnull": True} if value is None else {self.name: value}))


class Keyset:
    """An order whose keys together are unique: `Keyset("-requested_at", "id")`."""

    def __init__(self, *order: str) -> None:
        self._keys = [_Key(name.removeprefix("-"), name.startswith("-")) for name in order]
        self._salt = f"keyset {' '.join(order)}"

    def page[M: Model](self, rows: QuerySet[M], asked: QueryDict, *, size: int) -> Page[M]:
        """Return the page that `?after=` or `?before=` asks for, else the first."""
        before = self._read(rows.model, asked.get("before", ""))
        if before is not None:
            found = list(self._beside(rows, before, backwards=True)[: size + 1])
            if len(found) >= size:
                return self._page(
                    found[size - 1 :: -1], has_next=True, has_previous=len(found) > size
                )
        after = self._read(rows.model, asked.get("after", "")) if before is None else None
        found = list(self._beside(rows, after, backwards=False)[: size + 1])
        return self._page(found[:size], has_next=len(found) > size, has_previous=after is not None)

    def _page[M: Model](self, rows: list[M], *, has_next: bool, has_previous: bool) -> Page[M]:
        return Page(
            rows=rows,
            next=self._cursor(rows[-1]) if rows and has_next else "",
            previous=self._cursor(rows[0]) if rows and has_previous else "",
        )

    def _beside[M: Model](
        self, rows: QuerySet[M], values: list[Any] | None, *, backwards: bool
    ) -> QuerySet[M]:
        order = [
            OrderBy(F(key.name), descending=key.is_descending is not backwards)
            for key in self._keys
        ]
        rows = rows.order_by(*order)
        if values is None:
            return rows
        selected, tied = Q(), Q()
        # Follows from the rest; alone it is a range of the index.
        rows = rows.filter(self._bound(rows.model, values[0], backwards=backwards))
        for key, value in zip(self._keys, values, strict=True):
            further = key.beyond(
                value,
                is_descending=key.is_descending is not backwards,
                nullable=key.field(rows.model).null,
            )
            selected |= tied & further
            tied &= key.at(value)
        return rows.filter(selected)

    def _bound(self, model: type[Model], value: object, *, backwards: bool) -> Q:
        first = self._keys[0]
        further = first.beyond(
            value,
            is_descending=first.is_descending is not backwards,
            nullable=first.field(model).null,
        )
        return further | first.at(value)

    def _cursor(self, row: Model) -> str:
        values = [
            None if getattr(row, key.name) is None else key.field(type(row)).value_to_string(row)
            for key in self._keys
        ]
        return signing.dumps(values, salt=self._salt)

    def _read(self, model: type[Model], cursor: str) -> list[Any] | None:
        if not cursor:
            return None
        try:
            values = signing.loads(cursor, salt=self._salt)
        except signing.BadSignature:
            return None
        return [
            None if value is None else key.field(model).to_python(value)
            for key, value in zip(self._keys, values, strict=True)
        ]
