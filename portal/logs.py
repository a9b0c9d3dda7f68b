"""What a line of the log looks like, what it is about, and what may not stand in it."""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType

from portal import processes, tracing

FORMATS = ("json", "text")

_LINK = re.compile(r"(/(?:link|link/invite|invitations|new-address)/)[\w:-]{20,}")
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
#: PostgreSQL shows the values that it refused, which may be on many lines: to the error's end.
_VALUES = re.compile(
    r"^(DETAIL|CONTEXT):.*?(?=^The above exception was|^During handling of the above|\Z)",
    re.MULTILINE | re.DOTALL,
)

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))


@contextmanager
def about(**known: object) -> Iterator[None]:
    """Have every line that is written in the block say what it is about; ids only."""
    before = _about.get()
    _about.set({**before, **{name: str(each) for name, each in known.items()}})
    try:
        yield
    finally:
        _about.set(before)


def begin(**known: object) -> None:
    """Have lines say this and nothing else from now on.

    For a request, of which Django writes after it was answered: the next one begins anew.
    """
    _about.set({name: str(each) for name, each in known.items()})


def context() -> Mapping[str, str]:
    """Return what the line that is written now is about."""
    return _about.get()


def scrubbed(text: str) -> str:
    """Return a text without what some library may have put there: keys in URLs, people, values."""
    text = _LINK.sub(r"\1…", text)
    if "@" in text:
        text = _EMAIL.sub("…@…", text)
    if "DETAIL:" in text or "CONTEXT:" in text:
        text = _VALUES.sub(r"\1: …\n\n", text).rstrip()
    return text


class WithoutTokens(logging.Filter):
    """Shortens the URLs that are keys: Django names the path of each request it refuses."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                _LINK.sub(r"\1…", each) if isinstance(each, str) else each for each in record.args
            )
        return True


class TextLine(logging.Formatter):
    """For people who watch: a line, and an exception's trace below it."""

    def __init__(self) -> None:
        super().__init__("{levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        return scrubbed(super().format(record))


class JsonLine(logging.Formatter):
    """For programs that collect: one object on one line, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
            "process": processes.kind(),
            **context(),
        }
        if trace_id := tracing.trace_id():
            line["trace_id"] = trace_id
        if record.exc_info:
            # Where it happened and what it says; a traceback holds no variables.
            line["exception"] = scrubbed(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = scrubbed(record.stack_info)
        return json.dumps(line)


def tell_of_the_rest() -> None:
    """Send to the log what Python would print by itself: warnings, and why a process ended."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash


def _log_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger("portal").critical("ended", exc_info=(kind, error, trace))


def _log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None and not isinstance(crash.exc_value, SystemExit):
        logging.getLogger("portal").critical(
            "a thread ended", exc_info=(crash.exc_type, crash.exc_value, crash.exc_traceback)
        )


def of_celery(*, loglevel: int, **_: object) -> None:
    """Let Celery write where and as all others do, from the level it was started with."""
    from celery.utils.log import get_multiprocessing_logger  # noqa: PLC0415 - in workers only

    root, pool = logging.getLogger(), get_multiprocessing_logger()
    root.setLevel(loglevel)
    if pool is not None:
        pool.handlers = root.handlers
        pool.setLevel(logging.ERROR)
