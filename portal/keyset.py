"""Pages by key instead of by number: as quick at the end of a long table as at its start.

A cursor names the row beside which a page begins. It is signed and bound to the table and its
order, so a tampered or foreign one is no cursor, and the reader sees the first page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.expressions import OrderBy


@dataclass(frozen=True, slots=True)
class Page[M: Model]:
    rows: list[M]
    #: Cursors of the neighboring pages, empty where there is none.
    next: str
    previous: str


@dataclass(frozen=True, slots=True)
class _Key:
    column: str
    is_descending: bool

    def field(self, rows: QuerySet[Any]) -> "Field[Any, Any]":
        if annotation := rows.query.annotations.get(self.column):
            return annotation.output_field
        field = rows.model._meta.get_field(self.column)
        assert isinstance(field, Field)
        return field

    def may_be_null(self, rows: QuerySet[Any]) -> bool:
        """Of an annotation nobody can tell."""
        return self.column in rows.query.annotations or self.field(rows).null

    def order(self, *, backwards: bool) -> OrderBy:
        return OrderBy(F(self.column), descending=self.is_descending is not backwards)

    def past(self, value: object, *, backwards: bool, or_at: bool = False) -> Q:
        operator = "lt" if self.is_descending is not backwards else "gt"
        return Q(**{f"{self.column}__{operator}{'e' if or_at else ''}": value})


class Keyset:
    """An order whose keys together are unique: `Keyset("-requested_at", "id")`.

    A key is a column, or an annotation of the rows, which no index serves. Only the first key may
    be null. Rows without it come last in both directions.
    """

    def __init__(self, *order: str) -> None:
        self._keys = [_Key(name.removeprefix("-"), name.startswith("-")) for name in order]
        self._order = " ".join(order)

    def page[M: Model](self, rows: QuerySet[M], asked: Mapping[str, str], *, size: int) -> Page[M]:
        """Return the page that `after` or `before` asks for; the first when there is no such."""
        if before := self._read(rows, asked.get("before", "")):
            found = self._beside(rows, before, backwards=True, size=size + 1)
            if len(found) >= size:
                found, has_more = found[size - 1 :: -1], len(found) > size
                return self._page(rows, found, has_next=True, has_previous=has_more)
        elif after := self._read(rows, asked.get("after", "")):
            found = self._beside(rows, after, backwards=False, size=size + 1)
            if found:
                return self._page(rows, found[:size], has_next=len(found) > size, has_previous=True)
        found = self._beside(rows, None, backwards=False, size=size + 1)
        return self._page(rows, found[:size], has_next=len(found) > size, has_previous=False)

    def _stretches[M: Model](
        self, rows: QuerySet[M], start: list[Any] | None, *, backwards: bool
    ) -> Iterator[QuerySet[M]]:
        """Yield the rows beyond the start, those that have the first key and those without apart.

        Apart, each is one range of an index; together they are none.
        """
        first = self._keys[0]
        whole = [Q()]
        if first.may_be_null(rows):
            is_null = f"{first.column}__isnull"
            whole = [Q(**{is_null: False}), Q(**{is_null: True})]
        wanted = whole
        if start is not None:
            own = 1 if start[0] is None else 0
            rest = whole[own] & self._beyond(start, backwards=backwards)
            wanted = [rest, *(whole[:own] if backwards else whole[own + 1 :])]
        rows = rows.order_by(*(key.order(backwards=backwards) for key in self._keys))
        for condition in wanted:
            yield rows.filter(condition)

    def _beside[M: Model](
        self, rows: QuerySet[M], start: list[Any] | None, *, backwards: bool, size: int
    ) -> list[M]:
        found: list[M] = []
        for stretch in self._stretches(rows, start, backwards=backwards):
            found += stretch[: size - len(found)]
            if len(found) == size:
                break
        return found

    def _beyond(self, start: list[Any], *, backwards: bool) -> Q:
        """Select what is further by the first key, or as far and further by the next, and so on."""
        known = [pair for pair in zip(self._keys, start, strict=True) if pair[1] is not None]
        key, value = known[0]
        # Follows from the rest; it alone is a range of the index.
        bound = key.past(value, backwards=backwards, or_at=True)
        selected, tied = Q(), Q()
        for key, value in known:
            selected |= tied & key.past(value, backwards=backwards)
            tied &= Q(**{key.column: value})
        return bound & selected

    def _page[M: Model](
        self, rows: QuerySet[M], found: list[M], *, has_next: bool, has_previous: bool
    ) -> Page[M]:
        return Page(
            rows=found,
            next=self._cursor(rows, found[-1]) if has_next else "",
            previous=self._cursor(rows, found[0]) if has_previous else "",
        )

    def _cursor(self, rows: QuerySet[Any], row: Model) -> str:
        values = [self._written(rows, key, row) for key in self._keys]
        return signing.dumps(values, salt=self._salt(rows.model))

    def _written(self, rows: QuerySet[Any], key: _Key, row: Model) -> str | None:
        value = getattr(row, key.column)
        if value is None or key.column in rows.query.annotations:
            return None if value is None else str(value)
        return key.field(rows).value_to_string(row)

    def _read(self, rows: QuerySet[Any], cursor: str) -> list[Any] | None:
        if not cursor:
            return None
        try:
            values = signing.loads(cursor, salt=self._salt(rows.model))
        except signing.BadSignature:
            return None
        return [
            None if value is None else key.field(rows).to_python(value)
            for key, value in zip(self._keys, values, strict=True)
        ]

    def _salt(self, model: type[Model]) -> str:
        return f"keyset of {model._meta.label} by {self._order}"
