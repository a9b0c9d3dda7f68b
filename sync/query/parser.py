"""The grammar of the public API's `query` parameter.

    clause     := property operator value
    expression := clause | expression && expression | expression || expression | { expression }

`&&` binds tighter than `||`. Values are unquoted and end at `&&`, `||`, `}` or the end.
"""

import re
from collections.abc import Callable

from sync.query.tokens import Piece, Token, tokens
from sync.query.tree import All, AnyOf, Clause, Expression, Operator, QueryError

#: NUL, and halves of characters that came apart.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")

MAX_LENGTH = 2047
MAX_DEPTH = 20
MAX_CLAUSES = 100


def parse(text: str) -> Expression:
    """Read a query.

    :raises QueryError: and nothing else, whatever the text.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"A query has at most {MAX_LENGTH:,} characters, and this one {len(text):,}",
            MAX_LENGTH,
        )
    if broken := _UNSTORABLE.search(text):
        raise QueryError("This is no character that a record could contain", broken.start())
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = next(self._tokens)
        self._clauses = 0

    def whole(self) -> Expression:
        expression = self._either(depth=0)
        if self._next.kind is not Piece.END:
            raise self._unexpected("&&, || or the end")
        return expression

    def _either(self, *, depth: int) -> Expression:
        return self._joined(Piece.OR, AnyOf, lambda: self._both(depth=depth))

    def _both(self, *, depth: int) -> Expression:
        return self._joined(Piece.AND, All, lambda: self._one(depth=depth))

    def _joined(
        self,
        joint: Piece,
        join: Callable[[tuple[Expression, ...]], Expression],
        part: Callable[[], Expression],
    ) -> Expression:
        parts = [part()]
        while self._next.kind is joint:
            self._take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _one(self, *, depth: int) -> Expression:
        if self._next.kind is Piece.PROPERTY:
            return self._clause()
        if self._next.kind is not Piece.OPEN:
            raise self._unexpected("a property or {")
        if depth == MAX_DEPTH:
            raise QueryError(f"Braces can be nested {MAX_DEPTH} deep at most", self._next.position)
        opened = self._take()
        expression = self._either(depth=depth + 1)
        closed = self._next
        if closed.kind is not Piece.CLOSE:
            raise self._unexpected(f"a }} for the {{ at character {opened.position + 1}")
        self._take()
        return expression

    def _clause(self) -> Clause:
        named = self._take()
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise QueryError(f"A query has at most {MAX_CLAUSES} clauses", named.position)
        operator = self._take()
        if self._next.kind is not Piece.VALUE:
            raise self._unexpected("a value")
        value = self._take()
        return Clause(
            property=named.text,
            operator=Operator(operator.text),
            value=value.text,
            position=named.position,
            operator_position=operator.position,
            value_position=value.position,
        )

    def _take(self) -> Token:
        taken = self._next
        if taken.kind is not Piece.END:
            self._next = next(self._tokens)
        return taken

    def _unexpected(self, expected: str) -> QueryError:
        found = self._next
        what = "The query ends" if found.kind is Piece.END else f"Found {found.text}"
        return QueryError(f"{what} where {expected} is expected", found.position)
