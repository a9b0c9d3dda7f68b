"""The way to an address that a tenant typed in: `connections.addresses` in an adapter’s words.

Redirects are not followed and proxies not obeyed, as with every client of ours.
"""

import ssl
from collections.abc import Iterable
from functools import cache

import httpcore
import httpx

from connections.addresses import AddressRefused, PublicNetwork
from connections.platforms.errors import InvalidCredentials


class GuardedTransport(httpx.HTTPTransport):
    """Reaches public addresses only."""

    def __init__(self, *, limits: httpx.Limits) -> None:
        super().__init__(limits=limits, trust_env=False)
        # httpx has no argument for httpcore's network backend.
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_TypedIn(),
        )


@cache
def _tls() -> ssl.SSLContext:
    """Make the TLS context once: it costs more than many requests."""
    return httpx.create_ssl_context(trust_env=False)


class _TypedIn(PublicNetwork):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """:raises InvalidCredentials: when the name leads into a private network."""
        try:
            return super().connect_tcp(host, port, timeout, local_address, socket_options)
        except AddressRefused as refused:
            raise InvalidCredentials(
                refused.template, refused.values, field="url", detail=refused.detail
            ) from refused
