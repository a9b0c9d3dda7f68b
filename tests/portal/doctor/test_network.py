"""E-mail and platforms: reached or not, and nobody is waited for."""

import socket
import threading
import time

import pytest

from companies import tenancy
from connections.models import Integration
from connections.platforms.base import PlatformApp
from connections.platforms.quickbooks import QuickBooks
from connections.platforms.tryton import Tryton
from connections.platforms.xero import Xero
from portal.doctor.checks import outbound
from portal.doctor.findings import Level
from tests.factories import ConnectionFactory, OrganizationFactory


@pytest.fixture
def mail(settings):
    """Send by SMTP to a port of this machine, as production would."""

    def to(port, **options):
        settings.MAILERS = {
            "default": {
                "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 10, **options},
            }
        }

    return to


@pytest.fixture
def mail_server():
    """Speak as much SMTP as a greeting and a login take."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_greet, args=(server, heard), daemon=True).start()
        yield server.getsockname()[1], heard


def _greet(server: socket.socket, heard: list[str]) -> None:
    answers = {"EHLO": b"250-hello\r\n250 AUTH PLAIN\r\n", "AUTH": b"535 5.7.8 refused\r\n"}
    while True:
        try:
            visitor, _ = server.accept()
        except OSError:
            return
        with visitor, visitor.makefile("rb") as lines:
            visitor.sendall(b"220 here\r\n")
            for line in lines:
                word = line.decode().split()[0].upper()
                heard.append(word)
                visitor.sendall(answers.get(word, b"250 ok\r\n"))
                if word == "QUIT":
                    break


def test_the_console_is_no_fault(ask, settings):
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}

    answer = ask("email.server")

    assert answer.level == Level.OK
    assert "No server" in answer.found


def test_a_mail_server_that_answers_is_sent_nothing(ask, mail, mail_server):
    port, heard = mail_server
    mail(port)

    assert ask("email.server").level == Level.OK
    assert heard == ["EHLO", "QUIT"]


def test_a_mail_server_that_refuses_the_login(ask, mail, mail_server):
    port, _ = mail_server
    mail(port, username="portal", password="hush-hush-hush")

    answer = ask("email.server")

    assert answer.level == Level.ERROR
    assert "535" in answer.found
    assert "hush" not in repr(answer)


def test_a_mail_server_without_tls(ask, mail, mail_server):
    port, _ = mail_server
    mail(port, use_tls=True)

    answer = ask("email.server")

    assert answer.level == Level.ERROR
    assert "STARTTLS" in answer.found


def test_a_mail_server_that_is_not_there(ask, mail, closed_port):
    mail(closed_port)

    assert ask("email.server").level == Level.ERROR


@pytest.mark.full
def test_a_mail_server_that_swallows(ask, mail, silent_port):
    mail(silent_port)
    began = time.monotonic()

    assert ask("email.server").level == Level.ERROR
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    ("sender", "level"),
    [("Ledgerport <no-reply@localhost>", Level.WARNING), ("l@harbour.example", Level.OK)],
)
def test_the_sender(ask, settings, sender, level):
    settings.DEVELOPMENT, settings.DEFAULT_FROM_EMAIL = False, sender

    assert ask("email.sender").level == level


@pytest.fixture
def xero_at(settings):
    settings.SANDBOX_URL = ""

    def stands_at(port):
        settings.PLATFORM_URLS = {**settings.PLATFORM_URLS, "xero": f"http://127.0.0.1:{port}"}

    return stands_at


def switch_on(platform):
    organization = OrganizationFactory()
    with tenancy.entered(organization.pk):
        Integration.objects.create(organization=organization, platform=platform, is_enabled=True)


def test_nothing_in_use_is_nothing_to_ask(ask, db, settings):
    settings.SANDBOX_URL = ""

    assert ask("outbound.platform").level == Level.OK


def test_a_platform_that_is_switched_on_is_asked(ask, db, xero_at, answering_port):
    xero_at(answering_port)
    switch_on("xero")

    answers = ask("outbound.platform")

    assert answers["xero"].level == Level.OK
    assert str(answering_port) in answers["xero"].found


@pytest.mark.full
def test_a_login_that_owns_nothing_finds_it_too(ask, member_login, xero_at, answering_port):
    xero_at(answering_port)
    switch_on("xero")

    assert ask("outbound.platform")["xero"].level == Level.OK


def test_a_platform_that_refuses(ask, db, xero_at, closed_port):
    xero_at(closed_port)
    ConnectionFactory(platform="xero")

    answer = ask("outbound.platform")["xero"]

    assert answer.level == Level.ERROR
    assert "ConnectError" in answer.found


def test_a_platform_that_hangs_is_not_waited_for(ask, db, xero_at, silent_port, monkeypatch):
    monkeypatch.setattr(outbound, "_SECONDS", 1.0)
    xero_at(silent_port)
    ConnectionFactory(platform="xero")
    began = time.monotonic()

    assert ask("outbound.platform")["xero"].level == Level.ERROR
    assert time.monotonic() - began < 4


def test_the_sandbox_without_an_address_is_said_not_to_be_asked(ask, db, settings):
    settings.SANDBOX_URL = ""
    ConnectionFactory(platform="sandbox")

    answer = ask("outbound.platform")["sandbox"]

    assert (answer.level, answer.is_asked) == (Level.NOTE, False)


def test_adapters_name_the_servers_that_they_ask():
    app = PlatformApp()

    assert Xero.servers(app) == ("https://api.xero.com", "https://identity.xero.com")
    assert "https://oauth.platform.intuit.com" in QuickBooks.servers(app)
    assert QuickBooks.servers(PlatformApp(base_url="http://here")) == ("http://here",)
    assert Tryton.servers(app) == ()
