"""Addresses that tenants type in lead to the public internet or nowhere."""

import ipaddress
import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpcore
import httpx
import msgspec
import pytest

from connections.addresses import is_public
from connections.platforms.errors import InvalidCredentials
from connections.platforms.guard import GuardedTransport
from connections.platforms.http import close_clients, get_json, new_client, platform_client

ANYTHING = msgspec.json.Decoder()
PRIVATE = (
    "0.0.0.0 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.255 169.254.169.254 "
    "172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.9 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 "
    "198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 "
    ":: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 "
    "64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd00::1 "
    "fe80::1 fec0::1 ff02::1"
)
PUBLIC = "1.1.1.1 8.8.8.8 93.184.216.34 ::ffff:8.8.8.8 2606:4700:4700::1111 2a00:1450::1"


@pytest.mark.parametrize("address", PRIVATE.split())
def test_private_address_is_known_in_every_form(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public_address_may_be_reached(address):
    assert is_public(ipaddress.ip_address(address))


def ask(url: str) -> object:
    client = new_client(
        base_url=url, transport=GuardedTransport(limits=httpx.Limits(max_connections=1))
    )
    with client:
        return get_json(
            client,
            "/",
            platform="Books",
            token="t",
            decoder=msgspec.json.Decoder(),
        )


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"],
)
def test_our_own_machine_is_out_of_reach_however_it_is_written(host):
    hits = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        with pytest.raises(InvalidCredentials) as caught:
            ask(f"http://{host}:{server.server_port}")
        server.shutdown()
        thread.join()

    assert caught.value.field == "url"
    assert hits == []


def resolve_to(monkeypatch, *addresses: str) -> list[str]:
    """Let every name lead there; note which addresses are dialled."""
    dialled: list[str] = []

    def look_up(host, port, **_kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    def dial(self, host, *_args, **_kwargs):
        dialled.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", dial)
    return dialled


def test_what_was_checked_is_what_is_dialled(monkeypatch):
    dialled = resolve_to(monkeypatch, "93.184.216.34")
    transport = GuardedTransport(limits=httpx.Limits(max_connections=1))

    with (
        new_client(base_url="http://books.example", transport=transport) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get("/")

    assert dialled == ["93.184.216.34"]


def test_next_address_is_tried_where_one_leads_nowhere(monkeypatch):
    dialled = resolve_to(monkeypatch, "2606:4700:4700::1111", "93.184.216.34")
    transport = GuardedTransport(limits=httpx.Limits(max_connections=1))

    with (
        new_client(base_url="http://books.example", transport=transport) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get("/")

    assert dialled == ["2606:4700:4700::1111", "93.184.216.34"]


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    dialled = resolve_to(monkeypatch, "93.184.216.34", "10.0.0.1")

    with pytest.raises(InvalidCredentials, match="private network"):
        ask("http://books.example")

    assert dialled == []


def test_clients_of_many_tenants_do_not_pile_up():
    close_clients()
    first = platform_client("tryton", base_url="https://a.example", is_guarded=True)
    for number in range(40):
        platform_client("tryton", base_url=f"https://b{number}.example", is_guarded=True)

    assert first.is_closed
    close_clients()
