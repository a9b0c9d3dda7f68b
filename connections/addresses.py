"""The one policy for addresses that a tenant typed in: never into a private network.

What a name leads to is looked up once, every address found must be public, and one of these is
dialled, so that a second look-up cannot lead elsewhere (DNS rebinding). The clients that use these
networks follow no redirect and obey no proxy.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpcore
import httpx

from connections.words import Told, gettext_noop

#: Of several addresses of one name.
_TRIED = 3
_LONGEST_URL = 2000
#: Web servers listen here; an operator may allow more.
PORTS = frozenset({443, 8443})

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
#: Names that only mean something inside a network.
_INNER_NAMES = (".internal", ".local", ".localhost", ".localdomain", ".home.arpa")


class AddressRefused(Told):
    """Nothing is sent there; the text says why."""


class NoSuchHost(AddressRefused):
    """The name leads nowhere, at least now."""


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


def public_addresses(host: str, port: int) -> list[str]:
    """Look a name up and return what may be dialled.

    :raises NoSuchHost: when it leads nowhere.
    :raises AddressRefused: when any of what it leads to lies in a private network.
    """
    if host.rstrip(".").lower().endswith(_INNER_NAMES):
        raise _private(host, "an inner name")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoSuchHost(
            gettext_noop("There is no server called %(host)s."), {"host": host}, detail=str(error)
        ) from error
    addresses = list(dict.fromkeys(ipaddress.ip_address(place[4][0]) for place in found))
    refused = [str(address) for address in addresses if not is_public(address)]
    if refused or not addresses:
        raise _private(host, f"{host} leads to {', '.join(refused)}")
    return [str(address) for address in addresses[:_TRIED]]


def _private(host: str, detail: str) -> AddressRefused:
    return AddressRefused(
        gettext_noop(
            "%(host)s is an address inside a private network. Only servers on the public "
            "internet can be reached from here."
        ),
        {"host": host},
        detail=detail,
    )


def checked_url(text: str, *, ports: Iterable[int] = (), allow_private: bool = False) -> str:
    """Return the URL as it will be asked for, if something may be sent there at all.

    The names' addresses are checked here, for the sake of whoever types, and again at every
    connection. With `allow_private` (development) plain http, any port and any address will do.

    :raises AddressRefused: with a sentence that says what is wrong with it.
    """
    text = text.strip()
    if len(text) > _LONGEST_URL:
        raise AddressRefused(
            gettext_noop("The URL is longer than %(most)d characters."), {"most": _LONGEST_URL}
        )
    if any(ord(letter) <= ord(" ") or letter in '\\"<>`\x7f' for letter in text):
        raise AddressRefused(
            gettext_noop("The URL has a space or another character that no URL has.")
        )
    try:
        url = httpx.URL(text)
        host, port = url.raw_host.decode("ascii"), url.port
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise AddressRefused(gettext_noop("This is not a URL."), detail=str(error)) from error
    schemes = {"https", "http"} if allow_private else {"https"}
    if url.scheme not in schemes or not host:
        raise AddressRefused(gettext_noop("The URL has to begin with https:// and name a server."))
    if url.userinfo or "@" in text.partition("//")[2].partition("/")[0]:
        raise AddressRefused(
            gettext_noop(
                "The URL may not hold a user name or a password. Send them in a custom header."
            )
        )
    if url.fragment or "#" in text:
        raise AddressRefused(
            gettext_noop("The URL may not have a part after “#”: it is never sent.")
        )
    if allow_private:
        return str(url)
    allowed = PORTS | set(ports)
    if (port or 443) not in allowed:
        shown = ", ".join(str(each) for each in sorted(allowed))
        raise AddressRefused(
            gettext_noop("Port %(port)d is not allowed. Allowed are %(allowed)s."),
            {"port": port or 443, "allowed": shown},
        )
    public_addresses(host.strip("[]"), port or 443)
    return str(url)


class PublicNetwork(httpcore.NetworkBackend):
    """Connects to public addresses only."""

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
        """:raises AddressRefused: when the name leads into a private network, or nowhere."""
        *others, last = public_addresses(host, port)
        for address in others:
            # One of both families may lead nowhere from here.
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._sockets.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
        return self._sockets.connect_tcp(last, port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        raise NotImplementedError("nobody is reached by a path")

    def sleep(self, seconds: float) -> None:
        self._sockets.sleep(seconds)


#: Names are looked up in threads of their own: a name server that hangs holds up nothing else.
_lookups = ThreadPoolExecutor(max_workers=32, thread_name_prefix="lookup")


class AsyncPublicNetwork(httpcore.AsyncNetworkBackend):
    """The same for asyncio."""

    def __init__(self) -> None:
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """:raises AddressRefused: when the name leads into a private network, or nowhere."""
        loop = asyncio.get_running_loop()
        looked_up = loop.run_in_executor(_lookups, public_addresses, host, port)
        try:
            *others, last = await asyncio.wait_for(looked_up, timeout)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"no name server knew {host} in time") from error
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._sockets.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
        return await self._sockets.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError("nobody is reached by a path")

    async def sleep(self, seconds: float) -> None:
        await self._sockets.sleep(seconds)


class AsyncPublicTransport(httpx.AsyncHTTPTransport):
    """Reaches public addresses only."""

    def __init__(self, *, limits: httpx.Limits) -> None:
        super().__init__(limits=limits, trust_env=False)
        # httpx has no argument for httpcore's network backend.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=AsyncPublicNetwork(),
        )
