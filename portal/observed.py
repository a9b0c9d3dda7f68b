"""Every request and every task, seen from outside: named, counted, timed and traced."""

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from celery import Task
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from portal import logs, metrics, tracing
from portal.proxies import comes_from_proxy

_API = "/api/"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)
#: Asked every few seconds, by machines.
_UNTRACED = ("/live", "/ready", "/metrics", settings.STATIC_URL)
_SERVER_ERROR = 500


class ObservedMiddleware:
    """Stands before all others, and sees what they refuse, too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        request_id = _request_id(request)
        request.request_id = request_id  # type: ignore[attr-defined]
        logs.begin(request_id=request_id)
        if tracing.is_on() and not request.path_info.startswith(_UNTRACED):
            response = self._traced(request, request_id)
        else:
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        if metrics.is_on():
            _count(request, response, time.perf_counter() - began)
        return response

    def _traced(self, request: HttpRequest, request_id: str) -> HttpResponseBase:
        handed_on = request.headers.get("traceparent", "") if comes_from_proxy(request) else ""
        method = _method(request)
        with tracing.span(method, kind="server", parent=handed_on, method=method) as span:
            response = self.get_response(request)
            route = _route(request)
            span.rename(f"{method} {route}")
            span.set(route=route, status_code=response.status_code, request_id=request_id)
            if (organization := getattr(request, "organization", None)) is not None:
                span.set(organization_id=str(organization.pk))
            if response.status_code >= _SERVER_ERROR:
                span.fail(str(response.status_code))
        return response


def _request_id(request: HttpRequest) -> str:
    """Return what a proxy of ours calls the request, or a name that nobody else has."""
    told = request.headers.get("X-Request-ID", "")
    if told and comes_from_proxy(request) and _REQUEST_ID.fullmatch(told):
        return told
    return uuid4().hex


def _count(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    method, route, status = _method(request), _route(request), str(response.status_code)
    if request.path_info.startswith(_API):
        metrics.API_REQUESTS.add(route, method, status)
        metrics.API_SECONDS.observe(route, method, seconds=seconds)
    else:
        metrics.PAGE_REQUESTS.add(route, method, status)
        metrics.PAGE_SECONDS.observe(route, seconds=seconds)


def _method(request: HttpRequest) -> str:
    return request.method if request.method in _METHODS else "other"


def _route(request: HttpRequest) -> str:
    """Name where a request led, never how it was written: that may be anything, or a key."""
    if (match := request.resolver_match) is not None:
        return match.view_name.removeprefix("api:") or "unnamed"
    return "static" if request.path_info.startswith(settings.STATIC_URL) else "none"


class ObservedTask(Task[Any, Any]):
    """What every task of ours is."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        began, outcome = time.perf_counter(), "failed"
        try:
            answer = self._traced(*args, **kwargs)
            outcome = "succeeded"
        finally:
            metrics.TASKS.add(self.name, outcome)
            metrics.TASK_SECONDS.observe(self.name, seconds=time.perf_counter() - began)
        return answer

    def _traced(self, *args: Any, **kwargs: Any) -> Any:
        """Run it in the trace of whoever rang; a tick of the clock is not worth one."""
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        # A worker has pushed the request already; Celery's own way would push an empty one.
        with logs.about(task_id=self.request.id):
            if not (trace := self._trace()):
                return self.run(*args, **kwargs)
            with tracing.span(f"task {self.name}", kind="consumer", parent=trace):
                return self.run(*args, **kwargs)

    def _trace(self) -> str:
        """Read the message's own header: beside the others in a worker, apart when applied here."""
        apart = self.request.headers or {}
        return str(self.request.get("traceparent") or apart.get("traceparent") or "")
