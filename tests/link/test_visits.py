"""What a Link URL brings along, where customers go in the end, and how far they came."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from connections import integrations, links
from connections.models import Connection
from connections.operations import create_connection
from connections.platforms import PLATFORMS
from link import redirects, visits
from link.models import LinkSettings, LinkVisit
from link.redirects import Ending
from link.settings import save_link_settings
from tests.factories import CompanyFactory, ConnectionFactory, LinkUrlFactory, OrganizationFactory
from tests.files import samples
from tests.link.test_credentials import Abacus, page, type_in  # noqa: F401
from tests.link.test_link_pages import come_back, leave, press, text

EVERYTHING = "https://harbour.example/done?" + "&".join(
    f"{name}={{{name}}}" for name in (*redirects.RESERVED, "ref", "note", "statuscode")
)


@pytest.fixture
def path(company, platform) -> str:
    save_link_settings(
        company.organization, {"redirect_url": EVERYTHING}, what="the settings", actor=None
    )
    return urlsplit(links.link_url(company)).path


def sent_to(customer: Client, path: str, query: str = "") -> dict[str, str]:
    """Finish; return the query of the address the customer is sent to."""
    response = customer.get(f"{path}finish/{query}")
    assert response.status_code == 302, response.content
    address = urlsplit(response.headers["Location"])
    assert address.netloc == "harbour.example"
    found = parse_qs(address.query, keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}


def test_a_customer_who_linked_is_sent_on_with_what_was_linked(customer, company, path):
    customer.get(path, {"ref": "A&B 1", "unused": "x"})
    come_back(customer, state=leave(customer, path)["state"], code="good")

    sent = sent_to(customer, path)

    connection = Connection.objects.get()
    assert {"statusCode": "200", "errorMessage": "", "statusText": ""}.items() <= sent.items()
    assert sent["clientId"] == str(company.organization_id)
    assert sent["companyId"] == str(company.pk)
    assert sent["connectionId"] == str(connection.pk)
    assert sent["data.company.companyName"] == "Eastgate Roasters"
    assert (sent["platformName"], sent["sourceType"]) == ("Sandbox", "Accounting")
    assert len(sent["platform"]) == 4
    assert sent["integrationId"] != sent["sourceId"]
    assert sent["ref"] == "A&B 1"
    assert sent["note"] == ""
    assert sent["statuscode"] == ""  # names are case-sensitive


def test_values_are_encoded_so_that_none_can_reach_beyond_its_place():
    ending = Ending(status_code=403, parameters={"x": "a/b?c=d&e#f {statusCode}"})

    address = redirects.filled(
        "https://a.example/{x}?m={errorMessage}",
        ending,
        client_id=ConnectionFactory.build().pk,
        company_id=ConnectionFactory.build().pk,
        name="Bakery",
    )

    assert address == (
        "https://a.example/a%2Fb%3Fc%3Dd%26e%23f%20%7BstatusCode%7D?m=User%20cancelled."
    )


def test_a_query_cannot_say_what_came_of_the_visit(customer, path):
    customer.get(path, {"statusCode": "200", "connectionId": "made-up"})

    sent = sent_to(customer, path)

    assert (sent["statusCode"], sent["connectionId"]) == ("403", "")


def test_who_leaves_before_the_end_is_sent_on_as_cancelled(customer, path):
    customer.get(path, {"ref": "7"})

    asked = text(customer.get(f"{path}exit/"))
    sent = sent_to(customer, path)

    assert "Exit without linking?" in asked
    assert {"statusCode": "403", "errorMessage": "User cancelled.", "ref": "7"}.items() <= (
        sent.items()
    )


def test_who_says_no_at_the_platform_is_sent_on_as_cancelled(customer, path):
    customer.get(path)
    come_back(customer, state=leave(customer, path)["state"], error="access_denied")

    sent = sent_to(customer, path)

    assert (sent["statusCode"], sent["errorMessage"]) == ("403", "User cancelled.")
    assert sent["platformName"] == "Sandbox"


def test_what_goes_wrong_is_sent_on_with_the_platform_s_words(customer, path):
    customer.get(path)
    come_back(customer, state=leave(customer, path)["state"], error="server_error")

    sent = sent_to(customer, path)

    assert (sent["statusCode"], sent["errorMessage"]) == ("500", "Unknown error occurred.")
    assert "server_error" in sent["statusText"]


def test_who_uses_something_else_is_sent_on_as_not_supported(customer, path):
    customer.get(path)

    assert "?why=unsupported" in customer.get(f"{path}other/").content.decode()
    sent = sent_to(customer, path, "?why=unsupported")

    assert (sent["statusCode"], sent["errorMessage"]) == ("501", "Not supported.")


def test_who_was_linked_already_and_does_nothing_is_sent_on_without_a_connection(
    customer, company, path
):
    ConnectionFactory.create(company=company)
    customer.get(path)

    sent = sent_to(customer, path)

    assert (sent["statusCode"], sent["connectionId"], sent["platform"]) == ("201", "", "")


def test_who_uploads_files_instead_is_sent_on_as_done(customer, path):
    customer.get(path)
    file = SimpleUploadedFile("accounts.pdf", samples.PDF)
    press(customer, f"{path}files/", f"{path}files/", file=[file])

    sent = sent_to(customer, path)

    assert (sent["statusCode"], sent["connectionId"]) == ("200", "")
    LinkVisit.objects.update(finished_at=None)
    LinkSettings.objects.update(redirect_url="")
    assert "has the files you uploaded" in text(customer.get(f"{path}finish/"))


def test_after_its_end_a_visit_begins_anew(customer, path):
    customer.get(path, {"ref": "1"})
    come_back(customer, state=leave(customer, path)["state"], code="good")
    assert sent_to(customer, path)["statusCode"] == "200"

    customer.get(path)

    sent = sent_to(customer, path)
    assert (sent["statusCode"], sent["ref"]) == ("201", "")


def test_a_browser_that_refuses_cookies_is_sent_on_all_the_same(path):
    stranger = Client()
    stranger.get(path, {"ref": "1"})
    stranger.cookies.clear()

    sent = sent_to(stranger, path)

    assert (sent["statusCode"], sent["ref"]) == ("403", "")


def test_a_query_is_kept_within_bounds(customer, path):
    customer.get(path, {f"p{n}": "x" for n in range(50)} | {"bad\x00": "1"})
    assert len(LinkVisit.objects.get().parameters) == 20

    customer.get(path, {"a": "x" * 900, "b": "y" * 200, "c": "z"})
    assert list(LinkVisit.objects.get().parameters) == ["a"]

    assert customer.get(path, {"zero": "a\x00b", "d": "1"}).status_code == 200
    assert LinkVisit.objects.get().parameters == {"d": "1"}


def test_robots_do_not_fill_the_table(customer, path, monkeypatch):
    monkeypatch.setattr(visits, "_MOST_IDLE", 3)
    customer.head(path)
    assert not LinkVisit.objects.exists()

    for _ in range(6):
        Client().get(path)

    assert LinkVisit.objects.count() == 3


def test_what_was_typed_in_counts_as_authorized(customer, page, organization):
    customer.get(page.removesuffix("credentials/abacus/"))

    type_in(customer, page)

    visit = LinkVisit.objects.get()
    assert visit.status_code == 200
    assert visit.connection_id == Connection.objects.get().pk
    assert visit.chose_at
    assert visit.authorized_at


def test_the_funnel_counts_companies_by_week_and_step(organization, customer, path):
    customer.get(path)
    Client().get(path)  # the same company in another browser
    other = urlsplit(links.link_url(CompanyFactory.create(organization=organization))).path
    chooser = Client(enforce_csrf_checks=True)
    chooser.get(other)
    press(chooser, f"{other}choose/", f"{other}choose/", platform="sandbox")
    come_back(customer, state=leave(customer, path)["state"], code="good")
    Client().get(path)  # to manage what is linked
    old = LinkVisit.objects.create(
        organization=organization,
        company=CompanyFactory.create(organization=organization),
        link_url=LinkUrlFactory.create(company__organization=organization),
        browser_hash=b"old",
        opened_at=timezone.now() - timedelta(days=60),
    )

    since = timezone.now() - timedelta(days=30)
    (week,) = LinkVisit.objects.funnel(organization, since)

    assert (week.opened, week.chose, week.authorized) == (2, 2, 1)
    assert len(LinkVisit.objects.funnel(organization, old.opened_at)) == 2
    assert not LinkVisit.objects.funnel(OrganizationFactory.create(), since)


# The pages around the choice


def test_choosing_leads_to_the_consent_with_the_organization_s_words(customer, company, path):
    save_link_settings(
        company.organization,
        {"consent_purpose": "To decide on your loan.", "terms_url": "https://harbour.example/t"},
        what="the settings",
        actor=None,
    )

    response = press(customer, f"{path}choose/", f"{path}choose/", platform="sandbox")

    assert response.headers["Location"] == f"{path}consent/sandbox/"
    shown = customer.get(f"{path}consent/sandbox/")
    assert "To decide on your loan." in text(shown)
    assert "Retention" not in text(shown)
    assert "Invoices, bills and credit notes" in text(shown)
    assert 'href="https://harbour.example/t"' in shown.content.decode()
    assert "Continue to Sandbox" in text(shown)
    assert not Connection.objects.exists()


@pytest.mark.parametrize("key", ["abacus", "xero", "", "x\x00"])
def test_what_is_not_offered_is_said_with_a_way_on(customer, path, key):
    chosen = press(customer, f"{path}choose/", f"{path}choose/", platform=key)
    opened = customer.get(f"{path}consent/xero/")

    for page_ in (chosen, opened):
        assert page_.status_code == 404
        assert "Choose other software" in text(page_)


def test_the_sandbox_is_shown_as_set_unless_the_link_says_otherwise(customer, company, path):
    save_link_settings(
        company.organization, {"shows_sandbox": False}, what="the settings", actor=None
    )

    assert "Sandbox" not in text(customer.get(f"{path}choose/"))
    assert customer.get(f"{path}consent/sandbox/").status_code == 404
    customer.get(path, {"link.showSandboxIntegrations": "true"})
    assert "Sandbox" in text(customer.get(f"{path}choose/"))


def test_without_a_landing_page_the_choice_comes_first(customer, company, path):
    save_link_settings(
        company.organization, {"shows_landing": False}, what="the settings", actor=None
    )

    response = customer.get(path, {"ref": "1"})

    assert response.headers["Location"] == f"{path}choose/"
    assert LinkVisit.objects.get().parameters == {"ref": "1"}
    create_connection(company, platform="sandbox")
    ConnectionFactory.create(company=company)
    assert "shares its accounts" in text(customer.get(path))


def test_returning_customers_see_what_is_linked_and_since_when(customer, company, path):
    come_back(customer, state=leave(customer, path)["state"], code="good")
    today = timezone.now()
    Connection.objects.update(first_linked_at=today, last_pull_at=today)

    shown = text(customer.get(path))

    for words in (
        "First authorized",
        "Last read",
        "Business biz-1",
        "Reconnect Sandbox",
        "another business is not accepted",
        "Disconnect Sandbox",
        "Return to Harbour Lending",
    ):
        assert words in shown
    assert "Link something else" not in shown


def test_something_of_another_kind_can_be_added(customer, company, path, monkeypatch):
    monkeypatch.setattr(Abacus, "source_type", "Commerce")
    monkeypatch.setitem(PLATFORMS, Abacus.key, Abacus)
    integrations.switch(company.organization, Abacus.key, on=True, actor=None)
    come_back(customer, state=leave(customer, path)["state"], code="good")

    assert "Link something else, too" in text(customer.get(path))
    choice = text(customer.get(f"{path}choose/"))
    assert "Abacus" in choice
    assert "Search 1 provider" in customer.get(f"{path}choose/").content.decode()


@pytest.mark.parametrize("part", ["other/", "leave/", "finish/", "consent/sandbox/"])
def test_pages_of_a_link_that_has_ended_are_gone(customer, company, path, part, alice):
    links.revoke(company, actor=alice)

    assert customer.get(path + part).status_code == 404


def test_the_end_without_an_address_is_a_page_of_ours(customer, company, platform):
    path = urlsplit(links.link_url(company)).path
    assert not LinkSettings.objects.exists()

    assert "Nothing was linked" in text(customer.get(f"{path}finish/"))
    come_back(customer, state=leave(customer, path)["state"], code="good")
    assert "All done" in text(customer.get(f"{path}finish/"))
