"""Whose address counts when proxies pass requests on, and that nobody can make one up."""

from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from api import limits
from connections import links
from link import rate_limit
from portal import proxies

TRUSTED = proxies.networks("10.0.0.0/8, 192.0.2.7 fd00::/8")
PROXY = "10.0.0.1"
TOO_MANY = 429


@pytest.fixture(autouse=True)
def _counted_anew():
    cache.clear()


@pytest.fixture
def behind(settings):
    settings.TRUSTED_PROXIES = TRUSTED
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize(
    ("peer", "noted", "asker"),
    [
        # Nobody in between, and whoever says that there is somebody
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.1, 10.0.0.2", "203.0.113.5"),
        # One proxy of ours, and what the visitor wrote before it
        (PROXY, "203.0.113.5", "203.0.113.5"),
        (PROXY, "198.51.100.1, 203.0.113.5", "203.0.113.5"),
        (PROXY, "10.0.0.9, 203.0.113.5", "203.0.113.5"),
        # Several
        (PROXY, "198.51.100.1, 203.0.113.5, 192.0.2.7", "203.0.113.5"),
        (PROXY, "203.0.113.5,10.0.0.2,192.0.2.7", "203.0.113.5"),
        (PROXY, "203.0.113.5, 192.0.2.8", "192.0.2.8"),
        # Our own machines ask too
        (PROXY, "", PROXY),
        (PROXY, "10.0.0.2", "10.0.0.2"),
        # As some proxies write them
        (PROXY, "203.0.113.5:4711", "203.0.113.5"),
        (PROXY, "[2001:db8::1]:4711", "2001:db8::1"),
        (PROXY, "2001:DB8::0001", "2001:db8::1"),
        (PROXY, "::ffff:203.0.113.5", "203.0.113.5"),
        ("::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("fd00::1", "203.0.113.5", "203.0.113.5"),
        # What is no address
        (PROXY, "unknown", PROXY),
        (PROXY, "203.0.113.5, unknown", PROXY),
        (PROXY, "203.0.113.5, _hidden, 10.0.0.2", "10.0.0.2"),
        (PROXY, "203.0.113.5,", PROXY),
        (PROXY, "010.0.0.1", PROXY),
        # At a socket in the file system
        ("", "198.51.100.1, 203.0.113.5", "203.0.113.5"),
        ("", "", ""),
    ],
)
def test_who_asks(peer, noted, asker):
    assert proxies.client_address(peer, noted, TRUSTED) == asker


def test_without_proxies_nothing_is_believed():
    for peer in ("203.0.113.5", "127.0.0.1", ""):
        assert proxies.client_address(peer, "198.51.100.1", ()) == peer


@pytest.mark.parametrize(
    ("peer", "is_secure"), [(PROXY, True), ("203.0.113.5", False), ("127.0.0.1", False)]
)
def test_only_a_proxy_says_that_it_was_https(behind, peer, is_secure):
    request = RequestFactory().get("/", headers={"X-Forwarded-Proto": "https"})
    request.META["REMOTE_ADDR"] = peer

    proxies.ProxyMiddleware(lambda _request: HttpResponse())(request)

    assert request.is_secure() == is_secure


@pytest.mark.parametrize("nonsense", ["10.0.0.1/8", "proxy.example", "10.0.0.0/33", "1"])
def test_what_is_no_network_is_said(nonsense):
    with pytest.raises(ValueError, match=nonsense):
        proxies.networks(f"127.0.0.1 {nonsense}")


@pytest.fixture(params=["api", "link", "sign-in"])
def ask(request, company, monkeypatch, settings):
    """Ask where two requests of a visitor pass, and a third does not."""
    monkeypatch.setattr(limits, "PER_ADDRESS_A_MINUTE", 2)
    monkeypatch.setattr(rate_limit, "REQUESTS", 2)
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    form = {"login": "nobody@example.com", "password": "wrong"}
    visit = {
        "api": lambda **how: Client().get("/api/companies", **how),
        "link": lambda **how: Client().get(urlsplit(links.link_url(company)).path, **how),
        "sign-in": lambda **how: Client().post(reverse("account_login"), form, **how),
    }[request.param]

    def asked(*noted, peer):
        """Answer of each request whether it was one too many."""
        return [
            visit(REMOTE_ADDR=peer, headers={"X-Forwarded-For": each}).status_code == TOO_MANY
            for each in noted
        ]

    return asked


def test_each_visitor_behind_a_proxy_has_a_limit_of_their_own(behind, ask):
    first, second = "203.0.113.5", "203.0.113.6"

    refused = ask(first, first, first, second, second, peer=PROXY)

    assert refused == [False, False, True, False, False]


def test_a_visitor_who_makes_up_addresses_is_still_one(behind, ask):
    noted = [f"198.51.100.{number}, 10.0.0.2, 203.0.113.5" for number in range(3)]

    assert ask(*noted, peer=PROXY) == [False, False, True]


def test_nobody_but_a_proxy_speaks_for_others(behind, ask):
    noted = [f"198.51.100.{number}" for number in range(3)]

    assert ask(*noted, peer="203.0.113.5") == [False, False, True]


def test_where_no_proxy_is_named_the_header_is_nothing(ask):
    noted = [f"198.51.100.{number}" for number in range(3)]

    assert ask(*noted, peer="127.0.0.1") == [False, False, True]
