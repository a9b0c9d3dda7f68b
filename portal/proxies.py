"""Whose request it is, when proxies in front pass on the requests of others.

A proxy writes behind `X-Forwarded-For` who asked it, so the last address there is what the nearest
proxy saw, and the first is whatever the asker made up. Read from the right, as far as the addresses
are those of proxies that the operator names.
"""

from collections.abc import Callable, Collection
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

type Network = IPv4Network | IPv6Network

#: A peer without an address: the server listens at a socket in the file system.
_SOCKET = ""


def networks(text: str) -> tuple[Network, ...]:
    """Read addresses and networks with spaces or commas between.

    :raises ValueError: with the first that is none.
    """
    return tuple(ip_network(each) for each in text.replace(",", " ").split())


class ProxyMiddleware:
    """Has `REMOTE_ADDR` name who asks, for all that count or write down addresses.

    From peers that are no proxy of ours nothing is believed, `X-Forwarded-Proto` neither.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        peer = request.META.get("REMOTE_ADDR", _SOCKET)
        if _is_trusted(peer, settings.TRUSTED_PROXIES):
            forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = client_address(peer, forwarded, settings.TRUSTED_PROXIES)
        else:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)


def client_address(peer: str, forwarded_for: str, trusted: Collection[Network]) -> str:
    """Return who asks: the peer, or whom a trusted one names.

    What is no address ends the search: a nearer proxy of ours is who asked, as far as we know.
    """
    address = peer
    for noted in reversed(forwarded_for.split(",")):
        if not _is_trusted(address, trusted):
            break
        found = _address(noted)
        if not found:
            break
        address = found
    return address


def comes_from_proxy(request: HttpRequest) -> bool:
    """Tell whether a proxy of ours handed it on; ask before `ProxyMiddleware` has seen it."""
    return _is_trusted(request.META.get("REMOTE_ADDR", _SOCKET), settings.TRUSTED_PROXIES)


def _is_trusted(address: str, trusted: Collection[Network]) -> bool:
    if address == _SOCKET:
        return bool(trusted)  # whoever can reach the socket is let in by its permissions
    known = _address(address)
    return bool(known) and any(ip_address(known) in network for network in trusted)


def _address(text: str) -> str:
    """Read an address as proxies write them: in brackets, with a port or IPv4 within IPv6 too."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(found)
