"""How each kind of process begins: it says what it is, and is watched if somebody wants that."""

from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from portal import metrics, processes, sentry, tracing

if TYPE_CHECKING:
    from portal.metrics.scraping import Server

_server: "Server | None" = None


def web() -> None:
    """Count; the pages' own port answers, to whoever has the token."""
    _begin("web")
    tracing.start("web")
    if settings.METRICS_TOKEN:
        _count("web")


def worker(**_: object) -> None:
    """Count and answer, in the process that the children are forked from."""
    _serve("worker")


def child_of_worker(**_: object) -> None:
    """Trace; let go of the port, which the parent's successor could not have otherwise."""
    tracing.start("worker")
    if _server is not None:
        _server.socket.close()


def end_of_child(**_: object) -> None:
    """Send what Python would at the end of a process; a worker's child ends in another way."""
    tracing.end()
    sentry.end()


def beat(**_: object) -> None:
    _serve("beat")


def relay() -> None:
    tracing.start("relay")
    _serve("relay")


def _begin(kind: str) -> None:
    processes.become(kind)
    sentry.start(settings.SENTRY_DSN, release=processes.version())


def _serve(kind: str) -> None:
    global _server  # noqa: PLW0603 - a process has one
    _begin(kind)
    if settings.METRICS_PORT:
        _count(kind)
        from portal.metrics import scraping  # noqa: PLC0415 - most processes save its memory

        _server = scraping.serve(
            settings.METRICS_ADDRESS, settings.METRICS_PORT, token=settings.METRICS_TOKEN
        )


def _count(kind: str) -> None:
    base = settings.METRICS_DIR
    metrics.switch_on(kind, directory=Path(base) if base else None)
