"""The one way to addresses that a tenant typed in: never into a private network.

What a name leads to is looked up once, every address found must be public, and one of these is
dialled, so that a second look-up cannot lead elsewhere (DNS rebinding). Redirects are not followed
and proxies not obeyed, as with every client of ours.
"""

import ipaddress
import socket
import ssl
from collections.abc import Iterable
from functools import cache

import httpcore
import httpx

from connections.platforms.errors import InvalidCredentials

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: What `is_global` of Python 3.13 takes for public although it is not, or leads to what is not.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, local use
        "2002::/16",  # 6to4
        "2001::/32",  # Teredo
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public internet, whatever form it is written in."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return is_public(mapped)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _NOT_PUBLIC)
    )


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
            network_backend=_PublicNetwork(),
        )


@cache
def _tls() -> ssl.SSLContext:
    """Make the TLS context once: it costs more than many requests."""
    return httpx.create_ssl_context(trust_env=False)


class _PublicNetwork(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

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
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise InvalidCredentials(
                f"There is no server called {host}.", field="url", detail=str(error)
            ) from error
        addresses = [ipaddress.ip_address(place[4][0]) for place in found]
        refused = [str(address) for address in addresses if not is_public(address)]
        if refused or not addresses:
            raise InvalidCredentials(
                f"{host} is an address inside a private network. Only servers on the public "
                "internet can be reached from here.",
                field="url",
                detail=f"{host} leads to {', '.join(refused)}",
            )
        return self._sockets.connect_tcp(
            str(addresses[0]), port, timeout, local_address, socket_options
        )

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        raise NotImplementedError("nobody is reached by a path")

    def sleep(self, seconds: float) -> None:
        self._sockets.sleep(seconds)
