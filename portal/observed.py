"""Every request and every task, seen from outside: counted and timed."""

import time
from collections.abc import Callable
from typing import Any

from celery import Task
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from portal import metrics

_API = "/api/"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ObservedMiddleware:
    """Stands before all others, and sees what they refuse, too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        if metrics.is_on():
            _count(request, response, time.perf_counter() - began)
        return response


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
        try:
            # A worker has pushed the request already; Celery's own way would push an empty one.
            run = super().__call__ if self.request.called_directly else self.run
            answer = run(*args, **kwargs)
            outcome = "succeeded"
        finally:
            metrics.TASKS.add(self.name, outcome)
            metrics.TASK_SECONDS.observe(self.name, seconds=time.perf_counter() - began)
        return answer
