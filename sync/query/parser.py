"""The grammar of the public API's `query` parameter.

    clause     := property operator value
    expression := clause | expression && expression | expression || expression | { expression }

`&&` binds tighter than `||`. Values are unquoted and end at `&&`, `||`, `}` or the end.
"""

import re
from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

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
            _("A query has at most %(most)s characters, and this one %(count)s")
            % {"most": f"{MAX_LENGTH:,}", "count": f"{len(text):,}"},
            MAX_LENGTH,
        )
    if broken := _UNSTORABLE.search(text):
        raise QueryError(_("This is no character that a record could contain"), broken.start())
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = next(self._tokens)
        self._clauses = 0

    def whole(self) -> Expression:
        expression = self._either(depth=0)
        if self._next.kind is not Piece.END:
            raise self._unexpected(pgettext("expected in a query", "&&, || or the end"))
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
            raise self._unexpected(pgettext("expected in a query", "a property or {"))
        if depth == MAX_DEPTH:
            raise QueryError(
                _("Braces can be nested %(most)d deep at most") % {"most": MAX_DEPTH},
                self._next.position,
            )
        opened = self._take()
        expression = self._either(depth=depth + 1)
        closed = self._next
        if closed.kind is not Piece.CLOSE:
            raise self._unexpected(
                pgettext("expected in a query", "a } for the { at character %(place)d")
                % {"place": opened.position + 1}
            )
        self._take()
        return expression

    def _clause(self) -> Clause:
        named = self._take()
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise QueryError(
                _("A query has at most %(most)d clauses") % {"most": MAX_CLAUSES}, named.position
            )
        operator = self._take()
        if self._next.kind is not Piece.VALUE:
            raise self._unexpected(pgettext("expected in a query", "a value"))
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
        if found.kind is Piece.END:
            words = _("The query ends where %(expected)s is expected")
        else:
            words = _("Found %(found)s where %(expected)s is expected")
        return QueryError(words % {"found": found.text, "expected": expected}, found.position)
