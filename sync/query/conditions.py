"""From a query to PostgreSQL: parameterised, exact, and by the typed columns where there are any.

What has no column of its own is read out of the canonical JSON. A cast is guarded by the data type,
because PostgreSQL may try a condition on rows that another condition would have left out.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    F,
    Func,
    Q,
    TextField,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import TruncDate
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    LessThan,
    LessThanOrEqual,
)
from django.utils.translation import gettext as _

from connections.schemas import DataType
from sync.query.parser import parse
from sync.query.properties import Kind, Property, resolve
from sync.query.tree import AnyOf, Clause, Expression, Operator, QueryError

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)[0-9]*"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_TRUTHS = {"true": True, "false": False}
#: What the columns are cut and rounded to.
_CUT = {"label": 200, "party": 200, "currency": 10}
_PLACES = Decimal("0.000001")

_COMPARED: dict[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQUAL: Exact,
    Operator.GREATER: GreaterThan,
    Operator.LESS: LessThan,
    Operator.AT_LEAST: GreaterThanOrEqual,
    Operator.AT_MOST: LessThanOrEqual,
}
_ALLOWED = {
    Kind.TEXT: (Operator.EQUAL, Operator.NOT_EQUAL, Operator.CONTAINS),
    Kind.CHOICE: (Operator.EQUAL, Operator.NOT_EQUAL, Operator.CONTAINS),
    Kind.NUMBER: (Operator.NOT_EQUAL, *_COMPARED),
    Kind.DATE: (Operator.NOT_EQUAL, *_COMPARED),
    Kind.MOMENT: (Operator.NOT_EQUAL, *_COMPARED),
    Kind.TRUTH: (Operator.EQUAL, Operator.NOT_EQUAL),
    Kind.IDENTIFIER: (Operator.EQUAL, Operator.NOT_EQUAL),
}


def condition(query: str, data_type: DataType) -> Q:
    """Return what records of a data type have to meet to be found.

    :raises QueryError: when it cannot be read, or asks for what the data type does not have.
    """
    return combined(
        parse(query),
        lambda clause: compared(clause, resolve(data_type, clause.property, clause.position)),
    )


def combined(expression: Expression, on_clause: Callable[[Clause], Q]) -> Q:
    """Join what each clause asks as the expression joins the clauses."""
    if isinstance(expression, Clause):
        return on_clause(expression)
    joint = Q.OR if isinstance(expression, AnyOf) else Q.AND
    return Q(*(combined(each, on_clause) for each in expression.of), _connector=joint)


def compared(clause: Clause, asked: Property) -> Q:
    """Return what one clause asks of a property.

    :raises QueryError: when such a property cannot be compared so, or with such a value.
    """
    if clause.operator not in _ALLOWED[asked.kind]:
        raise QueryError(
            _("%(path)s is %(kind)s and cannot be compared with %(operator)s")
            % {"path": asked.path, "kind": asked.kind, "operator": clause.operator},
            clause.operator_position,
            _("It can be compared with %(operators)s.")
            % {"operators": ", ".join(_ALLOWED[asked.kind])},
        )
    return _BY_KIND[asked.kind](clause, asked)


def _text(clause: Clause, asked: Property) -> Q:
    if clause.operator is Operator.CONTAINS:
        return Q(IContains(value_of(asked), clause.value))
    return _compared(asked, clause.operator, clause.value)


def _choice(clause: Clause, asked: Property) -> Q:
    if clause.operator is Operator.CONTAINS:
        return _text(clause, asked)
    for choice in asked.choices:
        if choice.lower() == clause.value.lower():
            return _compared(asked, clause.operator, choice)
    raise QueryError(
        _("%(path)s is never %(value)s") % {"path": asked.path, "value": clause.value},
        clause.value_position,
        _("It is one of %(choices)s.") % {"choices": ", ".join(asked.choices)},
    )


def _number(clause: Clause, asked: Property) -> Q:
    if not _NUMBER.fullmatch(clause.value):
        raise _not_understood(clause, asked, _("Write it like 1204.40, without a currency."))
    return _compared(asked, clause.operator, Decimal(clause.value))


def _truth(clause: Clause, asked: Property) -> Q:
    truth = _TRUTHS.get(clause.value.lower())
    if truth is None:
        raise _not_understood(clause, asked, "")
    return _compared(asked, clause.operator, truth)


def _identifier(clause: Clause, asked: Property) -> Q:
    try:
        identifier = UUID(clause.value)
    except ValueError:
        raise _not_understood(clause, asked, "") from None
    return _compared(asked, clause.operator, identifier)


def _date(clause: Clause, asked: Property) -> Q:
    moment = _moment_in(clause, asked)
    day = moment.date()
    if moment.time() == dt.time():
        return _compared(asked, clause.operator, day)
    # A date is its midnight, which no other moment equals.
    if clause.operator is Operator.EQUAL:
        return Q(Value(value=False, output_field=BooleanField()))
    if clause.operator is Operator.NOT_EQUAL:
        return Q(Value(value=True, output_field=BooleanField()))
    is_later = clause.operator in {Operator.GREATER, Operator.AT_LEAST}
    return _compared(asked, Operator.GREATER if is_later else Operator.AT_MOST, day)


def _moment(clause: Clause, asked: Property) -> Q:
    moment = _moment_in(clause, asked)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    is_day = _DATE.fullmatch(clause.value)
    if is_day and clause.operator in {Operator.EQUAL, Operator.NOT_EQUAL}:
        value = TruncDate(value_of(asked), tzinfo=dt.UTC)
        if clause.operator is Operator.EQUAL:
            return Q(Exact(value, moment.date()))
        return Q(_Differs(value, Value(moment.date(), output_field=DateField())))
    return _compared(asked, clause.operator, moment)


def _moment_in(clause: Clause, asked: Property) -> dt.datetime:
    """Read a date or a moment in the only two spellings that mean the same everywhere."""
    try:
        if _DATE.fullmatch(clause.value):
            return dt.datetime.fromisoformat(clause.value)
        if found := _MOMENT.fullmatch(clause.value):
            return dt.datetime.fromisoformat(found[1] + (found[2] or ""))
    except ValueError:
        pass
    raise _not_understood(clause, asked, _("Write it like 2026-05-04 or 2026-05-04T09:30:00Z."))


def _not_understood(clause: Clause, asked: Property, hint: str) -> QueryError:
    return QueryError(
        _("%(path)s is %(kind)s, which %(value)s is not")
        % {"path": asked.path, "kind": asked.kind, "value": clause.value},
        clause.value_position,
        hint,
    )


_BY_KIND: dict[Kind, Callable[[Clause, Property], Q]] = {
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.TRUTH: _truth,
    Kind.IDENTIFIER: _identifier,
}


class _Differs(Func):
    """Unequal, or not there at all."""

    arg_joiner = " IS DISTINCT FROM "
    template = "(%(expressions)s)"
    output_field = BooleanField()


def _compared(asked: Property, operator: Operator, value: Any) -> Q:
    found = value_of(asked)
    if operator is Operator.NOT_EQUAL:
        return Q(_Differs(found, Value(value, output_field=_FIELDS[asked.kind])))
    return _foreseen(asked, operator, value) & Q(_COMPARED[operator](found, value))


def _foreseen(asked: Property, operator: Operator, value: Any) -> Q:
    """Leave out by an inexact column what cannot match, so that few bodies need be read."""
    if not asked.column or asked.is_exact:
        return Q()
    if asked.kind is Kind.TEXT:
        return Q(**{asked.column: value[: _CUT[asked.column]]})
    # Rounding, as PostgreSQL does it, keeps the order: what is greater is, rounded, no less.
    rounded = value.quantize(_PLACES, ROUND_HALF_UP) if abs(value) < _TOO_LARGE else None
    if rounded is None:
        return Q()
    lookup = {Operator.EQUAL: "", Operator.GREATER: "__gte", Operator.AT_LEAST: "__gte"}
    return Q(**{f"{asked.column}{lookup.get(operator, '__lte')}": rounded})


#: Beyond what the column can hold.
_TOO_LARGE = Decimal(10) ** 17

_FIELDS: dict[Kind, Any] = {
    Kind.TEXT: TextField(),
    Kind.CHOICE: TextField(),
    Kind.NUMBER: DecimalField(),
    Kind.DATE: DateField(),
    Kind.MOMENT: DateTimeField(),
    Kind.TRUTH: BooleanField(),
    Kind.IDENTIFIER: UUIDField(),
}
_SQL_TYPES = {
    Kind.TEXT: "text",
    Kind.CHOICE: "text",
    Kind.NUMBER: "numeric",
    Kind.DATE: "date",
    Kind.MOMENT: "timestamptz",
    Kind.TRUTH: "boolean",
    Kind.IDENTIFIER: "uuid",
}


def value_of(asked: Property) -> Case | F:
    """Read a property from its column where that is exact, else out of the canonical JSON."""
    if asked.is_exact and asked.column:
        return F(asked.column)
    return member(asked)


def member(asked: Property) -> Case:
    """Read a property out of the canonical JSON, as its own type."""
    return Case(
        When(
            data_type=asked.data_type,
            then=Func(
                Func(F("body"), template="%(expressions)s::json"),
                *(Value(name, output_field=CharField()) for name in asked.path.split(".")),
                function="json_extract_path_text",
                template=f"%(function)s(%(expressions)s)::{_SQL_TYPES[asked.kind]}",
                output_field=_FIELDS[asked.kind],
            ),
        ),
        output_field=_FIELDS[asked.kind],
    )
