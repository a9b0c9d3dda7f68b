"""The `query`, `orderBy` and `tags` of lists that are tables of ours: companies, pulls and so on.

Records of data types are asked in the same language, by `sync.query` itself.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import IContains

from api.errors import ApiError
from sync.query import (
    AnyOf,
    Clause,
    Expression,
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
            raise _no_order(word, self.orders)
        return (f"-{column}" if word.startswith("-") else column, "id")

    def _clause(self, clause: Clause) -> Q:
        asked = self.properties.get(clause.property)
        if asked is None:
            raise _unresolved(clause, self.name, self.properties)
        return compared(clause, asked) if isinstance(asked, Property) else asked(clause)


def column(path: str, kind: Kind, name: str, choices: tuple[str, ...] = ()) -> Property:
    """Say which column holds a property."""
    return Property(None, path, kind, choices, column=name, is_exact=True)


def renamed(values: Mapping[str, str], name: str) -> OnClause:
    """Compare what the contract says with what a column holds instead."""

    def on_clause(clause: Clause) -> Q:
        return is_or_is_not(clause, Q(**{name: values.get(clause.value.lower(), "")}))

    return on_clause


def is_or_is_not(clause: Clause, wanted: Q) -> Q:
    """:raises QueryError: for what can only be or not be, and is compared otherwise."""
    if clause.operator is Operator.EQUAL:
        return wanted
    if clause.operator is Operator.NOT_EQUAL:
        return ~wanted
    raise _incomparable(clause, "= and !=")


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


def listed(
    rows: list[dict[str, Any]], query: str | None, *, name: str, properties: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the rows that a query finds, of a list that is no table.

    :raises ApiError: 400 with what is wrong and where.
    """
    if not query or not query.strip():
        return rows
    try:
        expression = parse(query)
        return [row for row in rows if _holds(expression, row, name, properties)]
    except QueryError as error:
        raise malformed(error) from error


def ordered(
    rows: list[dict[str, Any]], order_by: str | None, *, properties: Sequence[str]
) -> list[dict[str, Any]]:
    """:raises ApiError: 400 for what they cannot be sorted by."""
    if not order_by or not order_by.strip():
        return rows
    word = order_by.strip()
    if word.removeprefix("-") not in properties:
        raise _no_order(word, properties)
    return sorted(rows, key=itemgetter(word.removeprefix("-")), reverse=word.startswith("-"))


def _holds(
    expression: Expression, row: Mapping[str, Any], name: str, properties: Sequence[str]
) -> bool:
    # Each part is looked at, so that what is wrong in one is told whatever the others say.
    if isinstance(expression, Clause):
        return _clause_holds(expression, row, name, properties)
    answers = [_holds(each, row, name, properties) for each in expression.of]
    return any(answers) if isinstance(expression, AnyOf) else all(answers)


def _clause_holds(
    clause: Clause, row: Mapping[str, Any], name: str, properties: Sequence[str]
) -> bool:
    if clause.property not in properties:
        raise _unresolved(clause, name, properties)
    value = row[clause.property]
    text = str(value).lower()
    match clause.operator:
        case Operator.EQUAL:
            return text == clause.value.lower()
        case Operator.NOT_EQUAL:
            return text != clause.value.lower()
        case Operator.CONTAINS if not isinstance(value, bool):
            return clause.value.lower() in text
    raise _incomparable(clause, "= and !=")


def _incomparable(clause: Clause, possible: str) -> QueryError:
    return QueryError(
        f"{clause.property} cannot be compared with {clause.operator}",
        clause.operator_position,
        f"It can be compared with {possible}.",
    )


def _unresolved(clause: Clause, name: str, known: Iterable[str]) -> QueryError:
    alike = difflib.get_close_matches(clause.property, list(known), n=3)
    return QueryError(
        f"Could not resolve property {clause.property} on {name}",
        clause.position,
        f"Did you mean {' or '.join(alike)}?" if alike else "",
    )


def _no_order(word: str, known: Iterable[str]) -> ApiError:
    names = list(known)
    return ApiError(
        400,
        f"Cannot order by {word.removeprefix('-')}. "
        f"It can be one of {', '.join(names)}; -{names[0]} descends.",
    )
