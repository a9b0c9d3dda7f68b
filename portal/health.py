"""For load balancers: is this process alive, and can it answer people?"""

import functools

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

_UNAVAILABLE = 503


@functools.cache
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


@login_not_required
@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """Say that the process answers; asks nobody else."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Say whether pages can be served.

    Valkey (or Redis) only rings: without it pages are served and pulls start a little later.
    """
    database, valkey = _database_state(), _valkey_state()
    return JsonResponse(
        {"database": database, "valkey": valkey}, status=200 if database == "ok" else _UNAVAILABLE
    )


def _database_state() -> str:
    try:
        return "ok" if _is_migrated() else "not migrated"
    except DatabaseError:
        return "unreachable"


def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _valkey_state() -> str:
    try:
        _valkey().ping()
    except redis.RedisError:
        return "unreachable"
    return "ok"
