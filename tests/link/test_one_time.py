"""Link URLs that open once: one browser, one day, one company."""

import html
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from companies.models import AuditEntry, Event
from connections import links, oauth, one_time
from connections.models import Connection, LinkUrl, OneTimeCode
from connections.operations import create_connection
from link import invites, requests, settings
from tests.factories import CompanyFactory
from tests.link.test_link_pages import come_back, leave, press, text

ISSUE = "/o/harbour/companies/{}/link-url/issue/"


@pytest.fixture(autouse=True)
def _one_time(organization, alice):
    settings.switch_one_time(organization, on=True, actor=alice)


@pytest.fixture
def url(company, platform) -> str:
    return local(one_time.url_to_hand_out(company))


def local(url: str) -> str:
    """Return the address without the host, as the test browser takes it."""
    return url.partition("//")[2].partition("/")[2].join(["/", ""])


def path_of(url: str) -> str:
    return urlsplit(url).path


def open_link(customer: Client, url: str):
    """Press the button of the page that a one-time Link URL leads to."""
    page = customer.get(url).content.decode()
    action, code = (
        re.search(pattern, page) for pattern in (r'action="([^"]+)"', r'name="otp" value="([^"]+)"')
    )
    assert action is not None, page
    assert code is not None
    return press(customer, url, html.unescape(action[1]), otp=code[1])


def age(**fields: timedelta) -> None:
    """Let the code have been made, or used, so long ago."""
    code = OneTimeCode.objects.get()
    for name, by in fields.items():
        setattr(code, name, getattr(code, name) - by)
    code.save(update_fields=list(fields))


def test_the_customer_goes_all_the_way_with_one_code(customer, company, url):
    path = path_of(url)

    opened = open_link(customer, url)
    query = leave(customer, path)
    result = come_back(customer, state=query["state"], code="good")

    assert opened.status_code == 303
    assert opened.headers["Location"] == path
    assert "is linked to Sandbox" in text(customer.get(result.headers["Location"]))
    assert Connection.objects.get(company=company).is_linked
    assert "See what is linked" in text(customer.get(f"{path}finish/"))


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_neither_uses_a_code_up_nor_lets_anybody_in(customer, url, method):
    response = getattr(customer, method)(url)

    assert response.status_code == 200
    assert OneTimeCode.objects.get().used_at is None
    assert customer.get(f"{path_of(url)}choose/").status_code == 403


def test_another_browser_finds_the_code_used(customer, url):
    open_link(customer, url)

    stranger = Client(enforce_csrf_checks=True)
    refused = stranger.get(url)

    assert refused.status_code == 410
    assert "This link was used already" in text(refused)
    assert "Eastgate" not in text(refused)
    assert stranger.get(path_of(url)).status_code == 403


def test_the_same_browser_may_open_its_link_again(customer, url):
    open_link(customer, url)

    assert customer.get(url).status_code == 200
    assert "What is shared" in text(customer.get(url))


def test_of_two_who_use_the_code_one_gets_in(company, url):
    link = LinkUrl.objects.get()
    code = parse_qs(urlsplit(url).query)["link.otp"][0]

    assert one_time.use(link, code, browser="first")
    assert not one_time.use(link, code, browser="second")
    assert one_time.admits(link, browser="first")
    assert not one_time.admits(link, browser="second")


def test_whoever_presses_too_late_is_told_that_another_was_first(customer, url):
    page = customer.get(url).content.decode()
    open_link(Client(enforce_csrf_checks=True), url)
    csrf = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    code = parse_qs(urlsplit(url).query)["link.otp"][0]

    late = customer.post(f"{path_of(url)}open/", {"otp": code, "csrfmiddlewaretoken": csrf})

    assert late.status_code == 410
    assert "This link was used already" in text(late)


def test_a_code_nobody_used_expires_after_a_day(customer, url):
    age(expires_at=one_time.VALID_FOR)

    response = customer.get(url)

    assert response.status_code == 410
    assert "This link has expired" in text(response)
    assert "Ask Harbour Lending for a new link" in text(response)


def test_an_open_journey_ends_after_a_day(customer, url):
    open_link(customer, url)
    age(used_at=timedelta(days=1, seconds=1))

    assert customer.get(path_of(url)).status_code == 403


@pytest.mark.parametrize(
    "query", ["", "?link.otp=", "?link.otp=made-up", f"?otp={'x' * 500}", "?otp=%00"]
)
def test_without_a_good_code_a_new_link_is_asked_for(customer, url, query):
    response = customer.get(path_of(url) + query)

    assert response.status_code == 403
    assert "You need a new link" in text(response)
    assert "ask Harbour Lending for a new link" in text(response).replace("Ask", "ask")


@pytest.mark.parametrize(
    "page", ["choose/", "consent/sandbox/", "other/", "exit/", "finish/", "files/",
             "credentials/tryton/"],
)  # fmt: skip
def test_no_page_opens_without_a_code(customer, url, page):
    assert customer.get(path_of(url) + page).status_code == 403


@pytest.mark.parametrize("page", ["choose/", "authorize/", "disconnect/", "files/"])
def test_nothing_is_done_without_a_code(url, page):
    response = Client().post(path_of(url) + page, {"platform": "sandbox"})

    assert response.status_code == 403
    assert not Connection.objects.exists()


def test_a_code_opens_its_own_company_only(customer, organization, url):
    other = path_of(links.link_url(CompanyFactory(organization=organization)))
    query = urlsplit(url).query

    assert customer.get(f"{other}?{query}").status_code == 403
    open_link(customer, url)
    assert customer.get(other).status_code == 403
    assert customer.get(f"{other}?{query}").status_code == 403


def test_a_connection_has_a_code_of_its_own(customer, company, platform):
    connection = create_connection(company, platform="sandbox")

    url = local(one_time.url_to_hand_out(company, connection=connection))
    opened = open_link(customer, url)

    assert list(parse_qs(urlsplit(url).query)) == ["otp"]
    assert opened.status_code == 303
    assert "Continue to Sandbox" in text(customer.get(path_of(url)))


def test_the_link_s_own_query_is_kept_and_the_code_is_not(customer, organization, url):
    settings.save_link_settings(
        organization,
        {"redirect_url": "https://app.example/?ref={ref}&otp={link.otp}{otp}"},
        what="it",
        actor=None,
    )
    opened = open_link(customer, f"{url}&ref=A%26B")
    customer.get(opened.headers["Location"])

    ended = customer.get(f"{path_of(url)}finish/")

    assert ended.headers["Location"] == "https://app.example/?ref=A%26B&otp="


def test_the_code_is_nowhere_in_the_database(url):
    code = parse_qs(urlsplit(url).query)["link.otp"][0]

    kept = OneTimeCode.objects.get()

    assert bytes(kept.code_hash) == oauth.digest(code)
    assert code not in str(vars(kept))


def test_a_code_outlives_its_link_url_by_nothing(company, platform):
    link = links.latest(company)
    LinkUrl.objects.update(expires_at=timezone.now() + timedelta(minutes=5))

    one_time.url_to_hand_out(company)

    link.refresh_from_db()
    assert link.expires_at > timezone.now() + timedelta(hours=47)


def test_revoking_ends_codes_and_open_journeys(customer, company, alice, url):
    unused = local(one_time.url_to_hand_out(company))
    open_link(customer, url)

    links.revoke(company, actor=alice)

    assert customer.get(path_of(url)).status_code == 404
    assert Client().get(unused).status_code == 404


def test_switched_off_old_links_open_again(customer, organization, alice, url):
    settings.switch_one_time(organization, on=False, actor=alice)

    assert "What is shared" in text(customer.get(path_of(url)))
    assert "otp" not in one_time.url_to_hand_out(CompanyFactory(organization=organization))


def test_codes_are_forgotten_after_a_month(company, url):
    age(expires_at=timedelta(days=32))

    one_time.url_to_hand_out(company)

    assert OneTimeCode.objects.count() == 1


def test_a_member_makes_one_by_a_form_and_sees_it_once(client, company, alice):
    page = client.get(f"/o/harbour/companies/{company.pk}/link-url/").content.decode()
    assert "Make a one-time Link URL" in page
    assert not LinkUrl.objects.exists()
    assert not OneTimeCode.objects.exists()

    made = client.post(ISSUE.format(company.pk))

    code = OneTimeCode.objects.get()
    assert code.created_by == alice
    assert "?link.otp=" in made.content.decode()
    assert Event.objects.filter(type="link_url.issued", actor=alice).exists()
    assert "?link.otp=" not in client.get(f"/o/harbour/companies/{company.pk}/link-url/").text


def test_a_fragment_is_made_for_the_dialogs(client, company):
    connection = create_connection(company, platform="sandbox")
    url = f"/o/harbour/companies/{company.pk}/connections/{connection.pk}/link-url/issue/"

    made = client.post(url, headers={"HX-Request": "true", "HX-Request-Type": "partial"})

    assert "?otp=" in made.text
    assert "<html" not in made.text


@pytest.mark.parametrize("page", ["connections/", "link-url/", "request/"])
def test_pages_that_show_make_nothing(client, company, page):
    response = client.get(f"/o/harbour/companies/{company.pk}/{page}")

    assert response.status_code == 200
    assert "Make a one-time Link URL" in response.text
    assert not LinkUrl.objects.exists()
    assert not OneTimeCode.objects.exists()


def test_an_e_mail_carries_a_code_and_says_so(customer, company, alice, platform):
    requests.send(company, to="ina@eastgate.example", message="", actor=alice)

    body = mail.outbox[0].body
    url = next(line for line in body.splitlines() if "/link/" in line)
    assert "The link opens once, within a day" in body
    assert "with the same link" not in body
    assert open_link(customer, local(url)).status_code == 303


def test_the_invite_url_does_not_work_and_its_dialog_says_why(client, customer, organization):
    path = path_of(invites.invite_url(settings.stored(organization)))

    assert customer.get(path).status_code == 404
    shown = text(client.get("/o/harbour/invite/"))
    assert "does not work while Link URLs open only once" in shown
    assert path not in client.get("/o/harbour/invite/").text
    assert path not in client.get("/o/harbour/settings/link/").text


@pytest.mark.parametrize(("state", "is_on"), [("on", True), ("off", False), ("maybe", True)])
def test_settings_switch_it(client, organization, state, is_on):
    response = client.post("/o/harbour/settings/link/one-time/", {"state": state})

    organization.refresh_from_db()
    assert response.status_code == 302
    assert organization.uses_one_time_links == is_on
    if state == "off":
        assert AuditEntry.objects.filter(
            before={"one_time_link_urls": True}, after={"one_time_link_urls": False}
        ).exists()


def test_switched_off_meanwhile_the_ordinary_link_url_is_shown(
    client, company, organization, alice
):
    settings.switch_one_time(organization, on=False, actor=alice)

    client.post(ISSUE.format(company.pk))

    assert not OneTimeCode.objects.exists()
    assert (
        links.link_url(company) in client.get(f"/o/harbour/companies/{company.pk}/link-url/").text
    )
