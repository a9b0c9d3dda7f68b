"""The `query`, `orderBy` and `tags` of lists that are tables of ours: companies, pulls and so on.

Records of data types are asked in the same language, by `sync.query` itself.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import IContains

from api.errors import ApiError
from sync.query import (
    Clause,
    Kind,
    Operator,
    Property,
    QueryError,
    combined,
    compared,
    parse,
)

type OnClause = Callable[[Clause], Q]


@dataclass(frozen=True, slots=True)
class Asked:
    """What may be asked of a list, and how it is sorted."""

    #: What messages call one of its rows: "Could not resolve property x on Company".
    name: str
    properties: Mapping[str, Property | OnClause]
    #: By the contract's word: the column.
    orders: Mapping[str, str]
    #: When nothing is asked; ends in a unique column.
    default_order: tuple[str, ...]

    def condition(self, query: str | None) -> Q:
        """:raises ApiError: 400 with what is wrong and where."""
        if not query or not query.strip():
            return Q()
        try:
            return combined(parse(query), self._clause)
        except QueryError as error:
            raise malformed(error) from error

    def order(self, order_by: str | None) -> tuple[str, ...]:
        """:raises ApiError: 400 for what it cannot be sorted by."""
        if not order_by or not order_by.strip():
            return self.default_order
        word = order_by.strip()
        column = self.orders.get(word.removeprefix("-"))
        if column is None:
            raise ApiError(
                400,
                f"Cannot order by {word.removeprefix('-')}. "
                f"It can be one of {', '.join(self.orders)}; -{next(iter(self.orders))} descends.",
            )
        return (f"-{column}" if word.startswith("-") else column, "id")

    def _clause(self, clause: Clause) -> Q:
        asked = self.properties.get(clause.property)
        if asked is None:
            alike = difflib.get_close_matches(clause.property, list(self.properties), n=3)
            raise QueryError(
                f"Could not resolve property {clause.property} on {self.name}",
                clause.position,
                f"Did you mean {' or '.join(alike)}?" if alike else "",
            )
        return compared(clause, asked) if isinstance(asked, Property) else asked(clause)


def column(path: str, kind: Kind, name: str, choices: tuple[str, ...] = ()) -> Property:
    """Say which column holds a property."""
    return Property(None, path, kind, choices, column=name, is_exact=True)


def renamed(values: Mapping[str, str], name: str) -> OnClause:
    """Compare what the contract says with what a column holds instead."""

    def on_clause(clause: Clause) -> Q:
        wanted = Q(**{name: values.get(clause.value.lower(), "")})
        if clause.operator is Operator.EQUAL:
            return wanted
        if clause.operator is Operator.NOT_EQUAL:
            return ~wanted
        raise QueryError(
            f"{clause.property} cannot be compared with {clause.operator}",
            clause.operator_position,
            "It can be compared with = and !=.",
        )

    return on_clause


def tagged(tags: str | None) -> Q:
    """Read the `tags` parameter: `region=uk && team=invoice-finance`.

    :raises ApiError: 400 with what is wrong and where.
    """
    if not tags or not tags.strip():
        return Q()
    try:
        return combined(parse(tags), _tag)
    except QueryError as error:
        raise malformed(error) from error


def _tag(clause: Clause) -> Q:
    match clause.operator:
        case Operator.EQUAL:
            return Q(tags__contains={clause.property: clause.value})
        case Operator.NOT_EQUAL:
            return ~Q(tags__contains={clause.property: clause.value})
        case Operator.CONTAINS:
            return Q(IContains(KeyTextTransform(clause.property, "tags"), clause.value))
        case _:
            raise QueryError(
                f"A tag cannot be compared with {clause.operator}",
                clause.operator_position,
                "It can be compared with =, != and ~.",
            )


def malformed(error: QueryError) -> ApiError:
    hint = f" {error.hint}" if error.hint else ""
    return ApiError(400, f"Error parsing query - {error}.{hint}")
