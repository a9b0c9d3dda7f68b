"""Which platforms are offered, and what is kept of the registrations at their vendors."""

from urllib.parse import urlsplit

import pytest
from django.db import connection as database
from django.urls import reverse

from companies.models import Event
from connections import links, offers
from connections.models import Integration
from connections.platforms import PLATFORMS
from connections.platforms.sandbox import Sandbox
from connections.registration import platform_app
from tests.factories import ConnectionFactory, OrganizationFactory
from tests.fake_platform import FakePlatform

SECRET = "canary-1234567890-abcd"


class Ledgerly(Sandbox):
    """A vendor whose operators register."""

    key = "ledgerly"
    name = "Ledgerly"
    code = "ldgr"
    environments = ("production", "sandbox")
    setup = ("Make an app at the vendor.",)


@pytest.fixture
def ledgerly(monkeypatch, settings):
    monkeypatch.setitem(PLATFORMS, Ledgerly.key, Ledgerly)
    with FakePlatform() as fake:
        settings.PLATFORM_URLS = {Ledgerly.key: fake.url}
        yield fake


def url(organization, name="integration", **kwargs) -> str:
    return reverse(f"connections:{name}", args=[organization.slug, Ledgerly.key])


def register(client, organization, **changes):
    form = {
        "client_id": "app-1",
        "client_secret": SECRET,
        "environment": "sandbox",
        "scopes": "",
    } | changes
    return client.post(url(organization), form, follow=True)


def test_before_anybody_sets_anything_only_the_sandbox_is_offered(organization, ledgerly, settings):
    settings.SANDBOX_URL = "http://sandbox.test"

    assert offers.platform_choices(organization.pk) == [("sandbox", "Sandbox")]


def test_without_a_registration_a_platform_cannot_be_switched_on(client, organization, ledgerly):
    page = client.post(url(organization, "integration-switch"), {"state": "on"}, follow=True)

    assert "needs a client id and a client secret" in page.content.decode()
    assert not offers.is_offered(organization.pk, "ledgerly")


def test_registered_and_switched_on_it_is_offered(client, organization, ledgerly):
    register(client, organization)

    client.post(url(organization, "integration-switch"), {"state": "on"})

    assert offers.is_offered(organization.pk, "ledgerly")
    assert not offers.is_offered(OrganizationFactory().pk, "ledgerly")
    assert list(Event.objects.order_by("occurred_at").values_list("summary", flat=True)) == [
        "changed the client secret and registration at Ledgerly",
        "switched Ledgerly on",
    ]


def test_switched_off_it_is_offered_no_longer(client, organization, ledgerly):
    register(client, organization)
    client.post(url(organization, "integration-switch"), {"state": "on"})

    client.post(url(organization, "integration-switch"), {"state": "off", "from": "list"})

    assert not offers.is_offered(organization.pk, "ledgerly")


def test_what_is_entered_is_what_adapters_get(client, organization, ledgerly):
    register(client, organization, scopes=" a  b\n")

    app = platform_app(organization.pk, "ledgerly")

    assert (app.client_id, app.client_secret) == ("app-1", SECRET)
    assert (app.scopes, app.environment) == (("a", "b"), "sandbox")
    assert app.base_url == ledgerly.url


def test_the_secret_is_encrypted_and_never_shown_again(client, organization, ledgerly):
    page = register(client, organization).content.decode()

    assert SECRET not in page
    assert "••••abcd is kept, encrypted" in page
    with database.cursor() as cursor:
        cursor.execute("SELECT i::text FROM connections_integration i")
        (row,) = cursor.fetchone()
    assert SECRET.encode().hex() not in row
    assert SECRET not in repr(platform_app(organization.pk, "ledgerly"))


def test_saving_without_a_secret_keeps_the_one_there_is(client, organization, ledgerly):
    register(client, organization)

    register(client, organization, client_id="app-2", client_secret="")

    app = platform_app(organization.pk, "ledgerly")
    assert (app.client_id, app.client_secret) == ("app-2", SECRET)


def test_a_first_registration_needs_its_secret(client, organization, ledgerly):
    page = register(client, organization, client_secret="")

    assert page.status_code == 422
    assert not Integration.objects.exists()


@pytest.mark.parametrize(
    ("failure", "words", "kept"),
    [
        ([400], "knows this client id and secret", ""),
        (["invalid_client"], "refused our registration", "Ledgerly refused our registration."),
        ([503], "has a problem on its side", "Ledgerly has a problem on its side."),
    ],
)
def test_the_button_asks_the_vendor(client, organization, ledgerly, failure, words, kept):
    register(client, organization)
    # A token nobody has is refused as such only to a client that is known.
    ledgerly.failures = [] if failure == [400] else failure

    page = client.post(url(organization, "integration-check"), follow=True)

    assert words in page.content.decode()
    integration = Integration.objects.get()
    assert integration.check_message == kept
    assert integration.checked_at
    assert SECRET in ledgerly.requests[0]["client"]


def test_changing_the_client_id_warns_of_what_is_linked(client, organization, company, ledgerly):
    register(client, organization)
    ConnectionFactory(company=company, platform="ledgerly")

    assert "1 linked now have to link again" in client.get(url(organization)).content.decode()


def test_secret_whose_key_is_gone_can_be_entered_again(client, organization, ledgerly):
    register(client, organization)
    Integration.objects.update(client_secret=b"\x01xunreadable")

    checked = client.post(url(organization, "integration-check"), follow=True).content.decode()
    assert "enter it again" in checked
    assert "is kept, encrypted" not in checked
    register(client, organization)
    assert platform_app(organization.pk, "ledgerly").client_secret == SECRET


def test_a_test_without_a_registration_asks_nobody(client, organization, ledgerly):
    page = client.post(url(organization, "integration-check"), follow=True)

    assert "no registration at Ledgerly to test yet" in page.content.decode()
    assert ledgerly.requests == []


def test_the_page_tells_what_the_platform_can_do(client, organization, ledgerly):
    page = client.get(url(organization)).content.decode()

    assert "http://127.0.0.1:8000/link/callback/ledgerly" in page
    assert "Make an app at the vendor." in page
    assert page.count("Only what changed") == len(Ledgerly.incremental)


def test_with_nothing_switched_on_pages_say_what_to_do(client, organization, company, settings):
    page = client.get(reverse("connections:manage", args=[organization.slug, company.pk]))

    assert "No platform is switched on yet" in page.content.decode()
    link = urlsplit(links.link_url(company)).path
    assert "has not set up any software" in client.get(f"{link}choose/").content.decode()


def test_an_unknown_platform_is_not_found(client, organization):
    missing = reverse("connections:integration", args=[organization.slug, "abacus"])

    assert client.get(missing).status_code == 404
