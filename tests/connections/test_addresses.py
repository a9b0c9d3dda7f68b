"""Addresses that tenants type in: refused when saved, and when something would be sent."""

import asyncio
import socket

import httpcore
import httpx
import pytest

from connections.addresses import (
    AddressRefused,
    AsyncPublicTransport,
    checked_url,
)

#: As `reliability.md` lists them, and more ways to write our own machine.
INNER = (
    "127.0.0.1 0 0x7f000001 2130706433 017700000001 localhost localhost. [::1] [::ffff:7f00:1] "
    "[::ffff:127.0.0.1] 169.254.169.254 100.100.100.200 100.64.0.1 [64:ff9b::7f00:1] "
    "[64:ff9b:1::1] [::127.0.0.1] 10.0.0.1 172.16.0.1 192.168.0.1 192.0.0.9 192.88.99.1 "
    "198.18.0.1 224.0.0.1 239.1.1.1 240.0.0.1 0.0.0.0 [fd00::1] [fc00::1] [fe80::1] [fec0::1] "
    "[ff02::1] [3fff::1] [5f00::1] [100::1] [2002:7f00:1::] [2001:db8::1] "
    "metadata.google.internal printer.local 127。0。0。1 127．0．0．1 ①②⑦.⓪.⓪.①"
)
UNSENDABLE = (
    "http://1.1.1.1/ ftp://1.1.1.1/ file:///etc/passwd gopher://1.1.1.1/ unix:/run/x //1.1.1.1/ "
    "https:// https:///x https://a@127.0.0.1/ https://a:b@1.1.1.1/ https://@1.1.1.1/ "
    "https://127.0.0.1#@1.1.1.1/ https://1.1.1.1/#part https://1.1.1.1:22/ https://1.1.1.1:6379/ "
    "https://1.1.1.1:80/ https://1.1.1.1:99999/ https://1.1.1.1\\@127.0.0.1/"
)


@pytest.mark.parametrize("host", INNER.split())
def test_an_inner_address_is_refused_when_saved(host):
    with pytest.raises(AddressRefused):
        checked_url(f"https://{host}/hook")


@pytest.mark.parametrize("url", UNSENDABLE.split())
def test_what_nothing_may_be_sent_to_is_refused(url):
    with pytest.raises(AddressRefused):
        checked_url(url)


@pytest.mark.parametrize(
    "url", ["https://1.1.1.1/\r\nX: 1", "https://1.1.1.1/a b", "https://\x00/"]
)
def test_control_characters_are_refused(url):
    with pytest.raises(AddressRefused):
        checked_url(url)


def test_public_addresses_and_allowed_ports_will_do():
    assert checked_url(" https://1.1.1.1/hook?a=1 ") == "https://1.1.1.1/hook?a=1"
    assert checked_url("https://1.1.1.1:8443/") == "https://1.1.1.1:8443/"
    assert checked_url("https://1.1.1.1:8080/", ports={8080}) == "https://1.1.1.1:8080/"
    assert checked_url("https://[2606:4700:4700::1111]/")


def test_development_may_reach_its_own_machine_and_still_no_other_scheme():
    assert checked_url("http://127.0.0.1:9000/hook", allow_private=True)
    with pytest.raises(AddressRefused):
        checked_url("file:///etc/passwd", allow_private=True)


async def _post(url: str) -> int:
    transport = AsyncPublicTransport(limits=httpx.Limits(max_connections=1))
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        return (await client.post(url, content=b"{}", timeout=5)).status_code


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "[64:ff9b::7f00:1]"]
)
def test_an_inner_address_is_refused_when_sending_and_nothing_is_dialled(host, monkeypatch):
    async def dial(*_args, **_kwargs):
        raise AssertionError("dialled")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", dial)

    with pytest.raises(AddressRefused):
        asyncio.run(_post(f"https://{host}/hook"))


def test_what_was_checked_is_what_is_dialled(monkeypatch):
    dialled = []

    def look_up(host, port, **_kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

    async def dial(self, host, *_args, **_kwargs):
        dialled.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", dial)

    with pytest.raises(httpx.ConnectError):
        asyncio.run(_post("https://hooks.example/"))
    assert dialled == ["93.184.216.34"]


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    def look_up(host, port, **_kwargs):
        places = ["93.184.216.34", "10.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in places]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    with pytest.raises(AddressRefused, match="private network"):
        checked_url("https://hooks.example/")
