"""A query in pieces. Each character is looked at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sync.query.tree import QueryError


class Piece(StrEnum):
    """The pieces, under the names that messages give them."""

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
                f"A property cannot begin with {text[place]}",
                place,
                "Write a clause such as totalAmount > 100.",
            )
        yield Token(Piece.PROPERTY, named[0], place)
        place = _past_space(text, named.end())
        operator = _OPERATOR.match(text, place)
        if operator is None:
            raise QueryError(
                f"{_found(text, place)} where an operator is expected after {named[0]}",
                place,
                "The operators are =, !=, ~ (contains), >, <, >= and <=.",
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


def _found(text: str, place: int) -> str:
    return f"Found {text[place]}" if place < len(text) else "The query ends"
