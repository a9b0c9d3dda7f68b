"""The requests that were made, fit to be shown and logged: nothing in them may be a secret."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

import httpx

#: What is asked for is no secret, and explains an answer; anything else might be one.
_OPEN_PARAMS = frozenset(
    {
        *("page", "page_size", "modified_since", "as_of", "from", "to", "fields"),  # the sandbox
        *("pageSize", "offset", "order", "where", "includeArchived"),  # Xero
        *("date", "fromDate", "toDate", "periods", "timeframe"),
        *("query", "entities", "changedSince", "minorversion"),  # QuickBooks Online
        *("start_date", "end_date", "accounting_method", "summarize_column_by"),
    }
)


def redact(url: httpx.URL) -> str:
    """Return the URL fit for a log: no user, no value that might be a secret."""
    params = [
        (name, value if name in _OPEN_PARAMS else "…") for name, value in url.params.multi_items()
    ]
    return str(url.copy_with(userinfo=b"", params=params or None, fragment=None))


class _Redaction(logging.Filter):
    """Keeps what httpx itself logs free of secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                redact(part) if isinstance(part, httpx.URL) else part for part in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_Redaction())


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that was made, and what came of it; fit to be shown to people."""

    at: datetime
    method: str
    #: Without anything that might be a secret.
    url: str
    #: 0 where no answer came.
    status: int
    milliseconds: int
    #: Of the answer, as received and unpacked.
    size: int


_exchanges: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)


@contextmanager
def recorded() -> Iterator[list[Exchange]]:
    """Collect every request made in the block, by this thread."""
    exchanges: list[Exchange] = []
    token = _exchanges.set(exchanges)
    try:
        yield exchanges
    finally:
        _exchanges.reset(token)


def recording() -> list[Exchange] | None:
    """Return where to leave a trace of a request; None when nobody records."""
    return _exchanges.get()
