"""A query in pieces. Each character is looked at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from sync.query.tree import QueryError


class Piece(StrEnum):
    """The pieces; the signs among them are named as they are written."""

    PROPERTY = "a property"
    OPERATOR = "an operator"
    VALUE = "a value"
    AND = "&&"
    OR = "||"
    OPEN = "{"
    CLOSE = "}"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Piece
    text: str
    position: int


_BETWEEN = re.compile(r"\s*")
_PROPERTY = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_OPERATOR = re.compile(r"[!<>]=|[=~<>]")
_JOINT = re.compile(r"&&|\|\||[{}]")
#: Values are unquoted: only these end one.
_VALUE_END = re.compile(r"&&|\|\||\}")


def tokens(text: str) -> Iterator[Token]:
    """Yield the pieces, the last of which is the end.

    :raises QueryError: at the first character that can belong to none.
    """
    place = _past_space(text, 0)
    while place < len(text):
        if joint := _JOINT.match(text, place):
            yield Token(Piece(joint[0]), joint[0], place)
            place = _past_space(text, joint.end())
            continue
        named = _PROPERTY.match(text, place)
        if named is None:
            raise QueryError(
                _("A property cannot begin with %(character)s") % {"character": text[place]},
                place,
                _("Write a clause such as totalAmount > 100."),
            )
        yield Token(Piece.PROPERTY, named[0], place)
        place = _past_space(text, named.end())
        operator = _OPERATOR.match(text, place)
        if operator is None:
            raise QueryError(
                _no_operator(text[place : place + 1], named[0]),
                place,
                _("The operators are =, !=, ~ (contains), >, <, >= and <=."),
            )
        yield Token(Piece.OPERATOR, operator[0], place)
        place = _past_space(text, operator.end())
        end = _VALUE_END.search(text, place)
        stop = end.start() if end else len(text)
        if value := text[place:stop].rstrip():
            yield Token(Piece.VALUE, value, place)
        place = stop
    yield Token(Piece.END, "", len(text))


def _past_space(text: str, place: int) -> int:
    space = _BETWEEN.match(text, place)
    return space.end() if space else place


def _no_operator(found: str, named: str) -> str:
    if not found:
        words = _("The query ends where an operator is expected after %(property)s")
    else:
        words = _("Found %(found)s where an operator is expected after %(property)s")
    return words % {"found": found, "property": named}
