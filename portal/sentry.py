"""Errors to Sentry, where the operator has one: what broke and where, nothing of whom it was about.

Whatever is logged as an error is told: what Django and Celery could not answer is logged as one.
None of Sentry's integrations is used that look into requests, tasks or variables, and of an event
only what is named here leaves: a later version of the SDK may find more to tell than we know of.
"""

import os
from importlib import import_module
from typing import Any

from portal import logs, processes

__all__ = ["MissingPackages", "end", "start"]

_KEPT = ("event_id", "timestamp", "level", "logger", "platform", "release", "environment")
_KEPT_OF_FRAME = (
    *("filename", "abs_path", "module", "function", "lineno", "in_app"),
    *("pre_context", "context_line", "post_context"),
)
_KEPT_OF_EXCEPTION = ("type", "module", "mechanism")
_FLUSH_SECONDS = 2.0
_OFF = {"mode": "off"}
#: Of what the SDK would gather by itself. The source around a line may leave: it is everybody's.
_NOTHING = {
    "user_info": False,
    "cookies": _OFF,
    "http_headers": {"request": _OFF},
    "http_bodies": [],
    "url_query_params": _OFF,
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}

_is_on = False


class MissingPackages(RuntimeError):
    """Somebody wants errors in Sentry, and what sends them is not installed."""


def start(dsn: str, *, release: str = "", transport: Any = None) -> None:
    """Tell of errors from now on; children of this process do, too.

    :raises MissingPackages: when it cannot be done.
    """
    global _is_on  # noqa: PLW0603 - a process is switched on once
    if not dsn:
        return
    try:
        sdk = import_module("sentry_sdk")
        logging = import_module("sentry_sdk.integrations.logging")
        dedupe = import_module("sentry_sdk.integrations.dedupe")
        at_exit = import_module("sentry_sdk.integrations.atexit")
    except ModuleNotFoundError as missing:
        raise MissingPackages(
            "SENTRY_DSN is set, but sentry-sdk is not installed: uv sync --extra sentry. "
            "See docs/operate.md."
        ) from missing
    sdk.init(
        dsn=dsn,
        release=release or None,
        environment=os.environ.get("LEDGERPORT_ENV", "production"),
        transport=transport,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            logging.LoggingIntegration(level=None, event_level="ERROR"),
            dedupe.DedupeIntegration(),
            at_exit.AtexitIntegration(callback=lambda *_: None),
        ],
        data_collection=_NOTHING,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        before_send=_kept,
    )
    _is_on = True


def end() -> None:
    """Send what is left."""
    if _is_on:
        import_module("sentry_sdk").flush(timeout=_FLUSH_SECONDS)


def _kept(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    """Build anew what may leave, of what there is."""
    told = {name: event[name] for name in _KEPT if name in event}
    told["tags"] = {"process": processes.kind(), **logs.context()}
    if entry := event.get("logentry"):
        told["logentry"] = {
            # How it reads before ids are put in groups what is one error.
            "message": logs.scrubbed(str(entry.get("message", ""))),
            "formatted": logs.scrubbed(str(entry.get("formatted") or entry.get("message", ""))),
        }
    if exception := event.get("exception"):
        told["exception"] = {"values": [_exception(each) for each in exception["values"]]}
    return told


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    return {
        **{name: value[name] for name in _KEPT_OF_EXCEPTION if name in value},
        "value": logs.scrubbed(str(value.get("value") or "")),
        "stacktrace": {
            "frames": [
                {name: frame[name] for name in _KEPT_OF_FRAME if name in frame} for frame in frames
            ]
        },
    }
