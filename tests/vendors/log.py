"""What was asked of a stand-in, and what about it, or about an answer, broke the contract."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    status: int
    size: int


class RequestLog:
    def __init__(self) -> None:
        self.violations: list[str] = []
        self._asked: list[Asked] = []
        self._lock = Lock()

    def add(self, asked: Asked) -> None:
        with self._lock:
            self._asked.append(asked)

    def violate(self, what: str) -> None:
        """Note a breach of the contract; a test fails over any."""
        with self._lock:
            self.violations.append(what)

    def clear(self) -> None:
        """Forget the requests, but not what was wrong with them."""
        with self._lock:
            self._asked.clear()

    def count(self, path: str = "", *, method: str | None = None) -> int:
        """Count the requests below a path."""
        return sum(asked.path.startswith(path) and method in {None, asked.method} for asked in self)

    def __iter__(self) -> Iterator[Asked]:
        with self._lock:
            return iter(tuple(self._asked))

    def __len__(self) -> int:
        return len(self._asked)
