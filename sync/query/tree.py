"""What a query says, whatever it is asked of."""

from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext as _


class QueryError(ValueError):
    """A query that cannot be answered: what is wrong, where, and what would be right."""

    def __init__(self, message: str, position: int, hint: str = "") -> None:
        super().__init__(
            _("%(message)s (at character %(place)d)") % {"message": message, "place": position + 1}
        )
        self.message = message
        #: Counted from 0, in the text that was parsed.
        self.position = position
        self.hint = hint


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    CONTAINS = "~"
    GREATER = ">"
    LESS = "<"
    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True, slots=True)
class Clause:
    property: str
    operator: Operator
    #: As written, without the spaces around it; what it means depends on the property.
    value: str
    position: int = field(default=0, compare=False)
    operator_position: int = field(default=0, compare=False)
    value_position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class All:
    """Two or more, joined by `&&`."""

    of: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Two or more, joined by `||`."""

    of: tuple["Expression", ...]


type Expression = Clause | All | AnyOf


def write(expression: Expression) -> str:
    """Return a text that parses to the same expression."""
    if isinstance(expression, Clause):
        return f"{expression.property} {expression.operator} {expression.value}"
    between = " && " if isinstance(expression, All) else " || "
    return between.join(
        write(each) if isinstance(each, Clause) else f"{{{write(each)}}}" for each in expression.of
    )
