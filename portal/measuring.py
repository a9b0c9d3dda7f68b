"""How each kind of process begins to be measured, if the operator wants to know."""

from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from portal import metrics

if TYPE_CHECKING:
    from portal.metrics.scraping import Server

_server: "Server | None" = None


def of_web() -> None:
    """Count; the pages' own port answers, to whoever has the token."""
    if settings.METRICS_TOKEN:
        _switch_on("web")


def of_worker(**_: object) -> None:
    """Count and answer, in the process that the children are forked from."""
    _serve("worker")


def of_workers_child(**_: object) -> None:
    """Let go of the port, which the parent's successor could not have otherwise."""
    if _server is not None:
        _server.socket.close()


def of_beat(**_: object) -> None:
    _serve("beat")


def of_relay() -> None:
    _serve("relay")


def _serve(kind: str) -> None:
    global _server  # noqa: PLW0603 - a process has one
    if settings.METRICS_PORT:
        _switch_on(kind)
        from portal.metrics import scraping  # noqa: PLC0415 - most processes save its memory

        _server = scraping.serve(
            settings.METRICS_ADDRESS, settings.METRICS_PORT, token=settings.METRICS_TOKEN
        )


def _switch_on(kind: str) -> None:
    base = settings.METRICS_DIR
    metrics.switch_on(kind, directory=Path(base) if base else None)
