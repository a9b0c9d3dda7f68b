"""Every request and every task, seen from outside: named, counted and timed."""

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from celery import Task
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from portal import logs, metrics
from portal.proxies import comes_from_proxy

_API = "/api/"
_REQUEST_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ObservedMiddleware:
    """Stands before all others, and sees what they refuse, too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        request_id = _request_id(request)
        request.request_id = request_id  # type: ignore[attr-defined]
        logs.begin(request_id=request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        if metrics.is_on():
            _count(request, response, time.perf_counter() - began)
        return response


def _request_id(request: HttpRequest) -> str:
    """Return what a proxy of ours calls the request, or a name that nobody else has."""
    told = request.headers.get("X-Request-ID", "")
    if told and comes_from_proxy(request) and _REQUEST_ID.fullmatch(told):
        return told
    return uuid4().hex


def _count(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    method = request.method if request.method in _METHODS else "other"
    route, status = _route(request), str(response.status_code)
    if request.path_info.startswith(_API):
        metrics.API_REQUESTS.add(route, method, status)
        metrics.API_SECONDS.observe(route, method, seconds=seconds)
    else:
        metrics.PAGE_REQUESTS.add(route, method, status)
        metrics.PAGE_SECONDS.observe(route, seconds=seconds)


def _route(request: HttpRequest) -> str:
    """Name where a request led, never how it was written: that may be anything, or a key."""
    if (match := request.resolver_match) is not None:
        return match.view_name.removeprefix("api:") or "unnamed"
    return "static" if request.path_info.startswith(settings.STATIC_URL) else "none"


class ObservedTask(Task[Any, Any]):
    """What every task of ours is."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        began, outcome = time.perf_counter(), "failed"
        task_id = self.request.id
        try:
            # A worker has pushed the request already; Celery's own way would push an empty one.
            run = super().__call__ if self.request.called_directly else self.run
            with logs.about(**({} if task_id is None else {"task_id": task_id})):
                answer = run(*args, **kwargs)
            outcome = "succeeded"
        finally:
            metrics.TASKS.add(self.name, outcome)
            metrics.TASK_SECONDS.observe(self.name, seconds=time.perf_counter() - began)
        return answer
