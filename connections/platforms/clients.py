"""Clients that reach a platform: pooled, without redirects, proxies and cookies."""

import http.cookiejar
import os
import threading

import httpx

from connections.platforms.deadlines import BoundedTransport
from connections.platforms.guard import GuardedTransport

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0

type _Place = tuple[int, str, str, bool]
_LIMITS = httpx.Limits(max_connections=4, max_keepalive_connections=2)
_MOST_CLIENTS = 32
_clients = threading.local()


def platform_client(key: str, *, base_url: str, is_guarded: bool = False) -> httpx.Client:
    """Return this thread's client for a platform, made once: a TLS context costs 40 pages' CPU.

    A process forked later gets its own, since two processes must not share a connection. A guarded
    one reaches no private network; the oldest of many is closed, since tenants name the addresses.
    """
    pool: dict[_Place, httpx.Client] = _clients.__dict__.setdefault("pool", {})
    place = (os.getpid(), key, base_url, is_guarded)
    client = pool.pop(place, None)
    if client is None:
        transport = GuardedTransport(limits=_LIMITS) if is_guarded else None
        client = new_client(base_url=base_url, transport=transport)
        if len(pool) >= _MOST_CLIENTS:
            pool.pop(next(iter(pool))).close()
    pool[place] = client
    return client


def close_clients() -> None:
    """Close this thread's clients; the next request opens new ones."""
    pool: dict[_Place, httpx.Client] = _clients.__dict__.pop("pool", {})
    for client in pool.values():
        client.close()


def new_client(*, base_url: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Return a client that follows no redirect, obeys no proxy variable and keeps no cookie.

    ``transport`` decides what may be reached; tests put a fake platform there.
    """
    return httpx.Client(
        base_url=base_url,
        transport=transport or BoundedTransport(limits=_LIMITS),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
        limits=_LIMITS,
        follow_redirects=False,
        trust_env=False,
        # One client serves many customers: a cookie of one must not travel with another's request.
        cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": "Ledgerport/1", "Accept": "application/json"},
    )
