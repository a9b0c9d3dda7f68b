"""The way to an address that a tenant typed in: `connections.addresses` in an adapter’s words.

Redirects are not followed and proxies not obeyed, as with every client of ours.
"""

from collections.abc import Iterable

import httpcore
import httpx

from connections.addresses import AddressRefused, PublicNetwork
from connections.platforms.deadlines import BoundedTransport
from connections.platforms.errors import InvalidCredentials


class GuardedTransport(BoundedTransport):
    """Reaches public addresses only."""

    def __init__(self, *, limits: httpx.Limits) -> None:
        super().__init__(limits=limits, network=_TypedIn())


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
