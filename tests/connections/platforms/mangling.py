"""Spoils one value of what a platform answers, as no platform should and some day one does."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import httpx

#: Written as they stand: no JSON library would write them.
_RAW = {
    "nan": "NaN",
    "infinity": "-Infinity",
    "1e400": "1e400",
    "-1e-400": "-1e-400",
    "huge": "9" * 400,
    "nul": r'"a\u0000b"',
    "half": r'"\ud800"',
    "other half": r'"x\udfffy"',
}
_PLACEHOLDER = re.compile(r'"raw:([^"]*)"')
VALUES: tuple[Any, ...] = (
    None,
    "",
    " ",
    0,
    -1,
    2**63,
    -(2**64),
    1.5,
    True,
    False,
    [],
    {},
    [None],
    [[[[]]]],
    {"a": {"b": "c"}},
    "0000-00-00",
    "0000-00-00T00:00:00Z",
    "2026-02-30",
    "9999-12-31T23:59:60Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-12:00",
    "1e400",
    "NaN",
    "-Infinity",
    "1_000",
    "１２",
    "x" * 30_000,
    "\u202e\ufeff\U0001f600",
    "'; DROP TABLE sync_record; --",
    *(f"raw:{name}" for name in _RAW),
)
MISSING = object()


class Mangled(httpx.BaseTransport):
    """Passes requests on; in the first list with one of the rows one value is another.

    Without ids any list will do.
    """

    def __init__(
        self, inner: httpx.BaseTransport, dice: random.Random, ids: set[str] | None
    ) -> None:
        self._inner, self._dice, self._ids = inner, dice, ids
        #: What was done to which value.
        self.what = ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        content = answer.read()
        if self.what or not answer.is_success:
            return answer
        try:
            read = json.loads(content)
        except ValueError:
            return answer
        rows = next(filter(self._is_wanted, _lists_of_rows(read)), None)
        if rows is None:
            return answer
        self._mangle(rows)
        text = _PLACEHOLDER.sub(lambda found: _RAW.get(found[1], found[0]), json.dumps(read))
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name.lower() not in {"content-length", "content-encoding", "transfer-encoding"}
        }
        return httpx.Response(
            answer.status_code, headers=headers, content=text.encode(), request=request
        )

    def spoils(self, names: frozenset[str]) -> bool:
        """Tell whether what was done is to one of these."""
        return self.what.partition(" ")[0] in names

    def close(self) -> None:
        self._inner.close()

    def _is_wanted(self, rows: list[Any]) -> bool:
        return self._ids is None or any(
            str(value) in self._ids for row in rows for value in row.values()
        )

    def _mangle(self, rows: list[Any]) -> None:
        place = self._dice.randrange(len(rows))
        paths = list(_paths(rows[place]))
        path = self._dice.choice(paths)
        value = self._dice.choice((MISSING, MISSING, MISSING, *VALUES))
        inside = rows[place]
        for step in path[:-1]:
            inside = inside[step]
        if value is MISSING:
            del inside[path[-1]]
        else:
            inside[path[-1]] = value
        self.what = f"{'.'.join(map(str, path))} = {'(missing)' if value is MISSING else value!r}"


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _paths(inner, (*path, place))


def _lists_of_rows(value: Any) -> Iterator[list[Any]]:
    """Find lists of objects, the outermost ones."""
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _lists_of_rows(inner)


class Grown(httpx.BaseTransport):
    """Passes requests on; every object in a list has a member more."""

    def __init__(self, inner: httpx.BaseTransport, name: str) -> None:
        self.inner = inner
        self.name = name

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.inner.handle_request(request)
        answer.read()
        try:
            body = json.loads(answer.content)
        except ValueError:
            return answer
        self._grow(body)
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name not in {"content-length", "content-encoding"}
        }
        return httpx.Response(answer.status_code, json=body, headers=headers, request=request)

    def _grow(self, value: Any, *, is_listed: bool = False) -> None:
        match value:
            case list():
                for each in value:
                    self._grow(each, is_listed=True)
            case dict():
                for each in list(value.values()):
                    self._grow(each)
                if is_listed:
                    value[self.name] = {"of": 1}
