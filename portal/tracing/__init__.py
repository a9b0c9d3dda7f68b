"""What led to what, over processes: spans at our own seams, off unless somebody collects them.

A request of a person or a program begins a trace; the bell to a worker, a pull and an event carry
it on by its `traceparent` (https://www.w3.org/TR/trace-context/), so that the call of a platform
and the message to a webhook belong to it. What the clock asks for begins a trace of its own.

Spans are made at our seams and nowhere by themselves: an instrumentation that knows nothing of us
would write down URLs that are keys, SQL and headers. Attributes are ids, our own words, statuses.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Literal, Protocol

__all__ = ["Span", "carried", "end", "is_on", "is_wanted", "span", "start", "trace_id"]

type Kind = Literal["internal", "server", "client", "consumer"]
type Value = str | int | float | bool


class Span(Protocol):
    def set(self, **attributes: Value) -> None:
        """Say more of it, once that is known."""

    def rename(self, name: str) -> None: ...

    def fail(self, why: str) -> None:
        """Mark it as failed, in a word of ours."""


class Tracer(Protocol):
    """Who makes spans: see `exporting`."""

    @contextmanager
    def span(self, name: str, kind: Kind, parent: str | None) -> Iterator[Span]:
        """Open one; the parent is that of the block around it, or the one named, or none."""

    def carried(self) -> str: ...

    def trace_id(self) -> str: ...

    def end(self) -> None: ...


class _Nothing:
    """What stands in for a span when nobody collects them."""

    def set(self, **attributes: Value) -> None: ...

    def rename(self, name: str) -> None: ...

    def fail(self, why: str) -> None: ...


class MissingPackages(RuntimeError):
    """Somebody wants traces, and what sends them is not installed."""


_nothing = _Nothing()
_tracer: Tracer | None = None


def is_wanted() -> bool:
    return any(
        os.environ.get(name)
        for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


def is_on() -> bool:
    return _tracer is not None


def start(kind: str) -> None:
    """Collect and send from now on, if that is wanted; call it after a process was forked.

    :raises MissingPackages: when it cannot be done.
    """
    global _tracer  # noqa: PLW0603 - a process has one
    if not is_wanted():
        return
    try:
        exporting = import_module("portal.tracing.exporting")
    except ModuleNotFoundError as missing:
        raise MissingPackages(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: "
            "uv sync --extra traces. See docs/operate.md."
        ) from missing
    _tracer = exporting.OpenTelemetry(kind)


def end() -> None:
    """Send what is left, and collect no more."""
    global _tracer
    tracer, _tracer = _tracer, None
    if tracer is not None:
        tracer.end()


@contextmanager
def span(
    name: str, *, kind: Kind = "internal", parent: str | None = None, **attributes: Value
) -> Iterator[Span]:
    """Open a span for the block; an exception that leaves it marks it, by its type alone.

    `parent` is what `carried` returned elsewhere; an empty one begins a trace. Without it the span
    belongs to the one around it.
    """
    if _tracer is None:
        yield _nothing
        return
    with _tracer.span(name, kind, parent) as opened:
        opened.set(**attributes)
        try:
            yield opened
        except BaseException as error:
            opened.fail(type(error).__name__)
            raise


def carried() -> str:
    """Return what ties work done elsewhere to the span that is open here; empty without one."""
    return "" if _tracer is None else _tracer.carried()


def trace_id() -> str:
    return "" if _tracer is None else _tracer.trace_id()
