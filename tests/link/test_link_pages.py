"""The customer's way, page by page, as a browser without JavaScript walks it."""

import base64
import hashlib
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from companies.models import Event
from connections import links, oauth
from connections.models import AuthorizationAttempt, Connection, LinkUrl
from connections.operations import create_connection, deauthorize
from link import rate_limit
from sync.deletion import delete_connection
from sync.models import Pull
from tests.factories import ConnectionFactory

Status = Connection.Status
Outcome = AuthorizationAttempt.Outcome


@pytest.fixture
def path(company, platform) -> str:
    return urlsplit(links.link_url(company)).path


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def press(customer: Client, page: str, action: str, **fields: object):
    """Press a form's button on a page, with the token the page carries."""
    shown = customer.get(page).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown)
    assert token is not None, shown
    return customer.post(action, {**fields, "csrfmiddlewaretoken": token[1]})


def leave(customer: Client, path: str, page: str = "choose/") -> dict[str, str]:
    """Go to the platform; return what the browser takes along."""
    response = press(customer, path + page, f"{path}authorize/", platform="sandbox")
    assert response.status_code == 303, response.content
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()
    }


def come_back(customer: Client, **query: str):
    return customer.get("/link/callback/sandbox", query)


def test_the_first_page_says_who_asks_for_what(customer, company, path):
    shown = text(customer.get(path))

    assert "Harbour Lending asks to see the accounts of Eastgate Roasters" in shown
    assert "Invoices, bills and credit notes" in shown
    assert "Nothing is changed or paid" in shown


@pytest.mark.parametrize("page", ["", "choose/"])
def test_looking_changes_nothing(customer, path, page):
    before = LinkUrl.objects.get()

    response = customer.get(path + page)

    assert response.status_code == 200
    assert not Connection.objects.exists()
    assert not AuthorizationAttempt.objects.exists()
    assert not Event.objects.exists()
    assert (
        LinkUrl.objects.get().__dict__.items()
        >= {
            "expires_at": before.expires_at,
            "revoked_at": None,
        }.items()
    )


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("page", ["authorize/", "disconnect/"])
def test_acting_needs_a_form(customer, path, page, method):
    assert getattr(customer, method)(path + page).status_code == 405


def test_platforms_are_found_by_name(customer, path):
    assert "Sandbox" in text(customer.get(f"{path}choose/", {"q": "SAND"}))
    assert "No provider is called “abacus”" in text(customer.get(f"{path}choose/", {"q": "abacus"}))


def test_pages_are_private_and_may_lead_to_the_platform_only(customer, path, platform):
    response = customer.get(path)

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["X-Frame-Options"] == "DENY"
    policy = response.headers["Content-Security-Policy"]
    form_action = re.search(r"form-action ([^;]+)", policy)
    assert form_action
    allowed = set(form_action[1].split())
    assert {"'self'", platform.url} <= allowed
    vendors = (
        "https://authorize.xero.com",
        "https://login.xero.com",
        "https://appcenter.intuit.com",
        "https://accounts.intuit.com",
    )
    assert allowed - {"'self'", platform.url} <= set(vendors)
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in response.content.decode()


def test_unknown_expired_and_revoked_links_look_alike(customer, company, path, alice):
    links.revoke(company, actor=alice)
    other = links.renew(company, actor=alice)
    LinkUrl.objects.filter(revoked_at=None).update(expires_at=timezone.now())

    answers = [
        customer.get(page)
        for page in (path, urlsplit(other).path, "/link/nothing/", "/link/x/choose/")
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({answer.content for answer in answers}) == 1
    assert "Harbour" not in text(answers[0])


def test_consent_links_and_starts_the_first_pulls(customer, company, path, platform):
    taken = leave(customer, path)
    assert taken["code_challenge_method"] == "S256"
    assert taken["redirect_uri"] == "http://127.0.0.1:8000/link/callback/sandbox"
    assert Connection.objects.get().status == Status.PENDING_AUTH

    response = come_back(customer, state=taken["state"], code="good")

    assert response.status_code == 303
    assert taken["state"] not in response.headers["Location"]
    assert "Eastgate Roasters is linked to Sandbox" in text(
        customer.get(response.headers["Location"])
    )
    connection = Connection.objects.get()
    assert (connection.status, connection.platform_company_name) == (
        Status.LINKED,
        "Business biz-1",
    )
    assert Pull.objects.filter(connection=connection).count() == 18
    assert platform.requests[0]["redirect_uri"] == taken["redirect_uri"]


@pytest.mark.parametrize("code", ["good", "bad"])
def test_a_connection_deleted_while_the_platform_is_asked_is_a_calm_page(
    customer, path, platform, monkeypatch, code
):
    taken = leave(customer, path)
    redeem = oauth.redeem

    def redeem_after_the_deletion(attempt, *, code, callback):
        delete_connection(Connection.objects.get(), actor=None)
        return redeem(attempt, code=code, callback=callback)

    monkeypatch.setattr(oauth, "redeem", redeem_after_the_deletion)
    response = come_back(customer, state=taken["state"], code=code)

    assert customer.get(response.headers["Location"]).status_code == 404
    assert platform.revoked == (["refresh-1"] if code == "good" else [])
    assert not Connection.objects.exists()


def test_the_verifier_fits_the_challenge(customer, path, platform):
    taken = leave(customer, path)
    come_back(customer, state=taken["state"], code="good")

    verifier = platform.requests[0]["code_verifier"]
    digest = hashlib.sha256(verifier.encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == taken["code_challenge"]


def test_a_reload_of_the_callback_shows_the_result_again(customer, path, platform):
    taken = leave(customer, path)

    first = come_back(customer, state=taken["state"], code="good")
    again = come_back(customer, state=taken["state"], code="good")

    assert again.headers["Location"] == first.headers["Location"]
    assert len(platform.requests) == 1


def test_saying_no_leaves_it_pending_with_the_reason(customer, path):
    taken = leave(customer, path)

    response = come_back(customer, state=taken["state"], error="access_denied")

    connection = Connection.objects.get()
    assert connection.mark == "pending"
    error = connection.errors.get()
    assert (error.status_code, error.status_text) == ("403", "User cancelled linking")
    shown = customer.get(response.headers["Location"])
    assert "Nothing was linked" in text(shown)
    assert "Try again" in text(shown)


def test_a_code_that_is_not_good_is_a_calm_page(customer, path):
    taken = leave(customer, path)

    response = come_back(customer, state=taken["state"], code="bad")

    assert "Sandbox could not be linked" in text(customer.get(response.headers["Location"]))
    assert Connection.objects.get().status == Status.PENDING_AUTH


def test_what_a_platform_calls_its_error_is_not_repeated_blindly(customer, path):
    taken = leave(customer, path)

    come_back(customer, state=taken["state"], error="<b>pay here</b>")

    assert Connection.objects.get().errors.get().status_text == "unknown_error"


def test_a_second_try_uses_the_same_connection(customer, path):
    taken = leave(customer, path)
    come_back(customer, state=taken["state"], error="access_denied")

    taken = leave(customer, path)
    come_back(customer, state=taken["state"], code="good")

    assert Connection.objects.get().mark == "linked"


def test_a_state_nobody_gave_is_refused(customer, path, platform):
    leave(customer, path)

    response = come_back(customer, state="made-up", code="good")

    assert response.status_code == 400
    assert "We could not match you to a link" in text(response)
    assert platform.requests == []


def test_a_state_in_another_browser_is_refused(customer, path, platform):
    taken = leave(customer, path)

    assert come_back(Client(), state=taken["state"], code="good").status_code == 400
    thief = Client()
    leave(thief, path)
    assert come_back(thief, state=taken["state"], code="good").status_code == 400
    assert platform.requests == []


def test_a_state_that_is_too_old_is_refused(customer, path, platform):
    taken = leave(customer, path)
    AuthorizationAttempt.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert come_back(customer, state=taken["state"], code="good").status_code == 400
    assert platform.requests == []


def test_a_state_for_another_platform_is_refused(customer, path, platform):
    taken = leave(customer, path)

    response = customer.get("/link/callback/xero", {"state": taken["state"], "code": "good"})

    assert response.status_code == 400
    assert platform.requests == []


def test_a_link_revoked_meanwhile_links_nothing(customer, company, path, platform, alice):
    taken = leave(customer, path)
    links.revoke(company, actor=alice)

    assert come_back(customer, state=taken["state"], code="good").status_code == 400
    assert platform.requests == []


@pytest.mark.parametrize(
    "query", [{}, {"state": "x"}, {"code": "x"}, {"state": "x" * 5000, "code": "x"}]
)
def test_a_callback_without_its_parts_is_refused(customer, platform, query, db):
    assert come_back(customer, **query).status_code == 400


def test_the_state_is_kept_as_a_digest(customer, path):
    taken = leave(customer, path)

    row = AuthorizationAttempt.objects.values().get()
    assert len(bytes(row["state_hash"])) == 32
    assert not any(taken["state"] in str(value) for value in row.values())


def test_the_browser_is_bound_by_a_cookie_scripts_cannot_read(customer, path):
    leave(customer, path)

    cookie = customer.cookies["ledgerport-link"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_a_connection_s_own_link_skips_the_choice(customer, company, platform):
    connection = create_connection(company, platform="sandbox")
    path = urlsplit(links.link_url(company, connection=connection)).path

    shown = text(customer.get(path))
    response = press(customer, path, f"{path}authorize/", platform="anything")

    assert "Continue to Sandbox" in shown
    assert response.status_code == 303
    assert AuthorizationAttempt.objects.get().connection == connection


def test_linking_again_says_why_and_keeps_the_connection(customer, company, path):
    come_back(customer, state=leave(customer, path)["state"], code="good")
    connection = Connection.objects.get()
    deauthorize(connection, reason="Revoked")

    shown = text(customer.get(path))
    taken = leave(customer, path)
    come_back(customer, state=taken["state"], code="good2")

    assert "Link Eastgate Roasters to Sandbox again" in shown
    assert "Your permission ran out on" in shown
    assert Connection.objects.get() == connection


def test_another_business_is_refused_and_its_tokens_given_back(customer, path, platform):
    come_back(customer, state=leave(customer, path)["state"], code="good")
    deauthorize(Connection.objects.get(), reason="Revoked")
    platform.business_id = "biz-2"
    platform.codes["other"] = "other"

    response = come_back(customer, state=leave(customer, path)["state"], code="other")

    assert "This is a different business" in text(customer.get(response.headers["Location"]))
    assert Connection.objects.get().status == Status.DEAUTHORIZED
    assert platform.revoked == ["refresh-2"]


def test_a_second_accounting_platform_is_refused_before_leaving(customer, company, platform):
    ConnectionFactory.create(company=company)
    second = create_connection(company, platform="sandbox")
    path = urlsplit(links.link_url(company, connection=second)).path

    response = press(customer, path, f"{path}authorize/", platform="sandbox")

    assert response.status_code == 409
    assert "Eastgate Roasters is linked already" in text(response)
    assert not AuthorizationAttempt.objects.exists()


def test_a_second_accounting_platform_is_refused_on_return(customer, company, path, platform):
    taken = leave(customer, path)
    ConnectionFactory.create(company=company)

    response = come_back(customer, state=taken["state"], code="good")

    assert "was linked meanwhile" in text(customer.get(response.headers["Location"]))
    assert Connection.objects.linked().count() == 1
    assert platform.revoked == []


def test_a_linked_customer_may_disconnect(customer, company, path, platform):
    come_back(customer, state=leave(customer, path)["state"], code="good")
    connection = Connection.objects.get()
    assert "Linked to Sandbox since" in text(customer.get(path))

    response = press(customer, path, f"{path}disconnect/", connection=str(connection.pk))

    assert response.status_code == 302
    connection.refresh_from_db()
    assert connection.status == Status.UNLINKED
    step = connection.transitions.get(kind="unlinked")
    assert (step.actor, step.reason) == (None, "The customer disconnected it on the Link page.")
    assert "was disconnected on" in text(customer.get(path))


def test_a_link_disconnects_only_what_it_is_for(customer, company, path, platform):
    other = ConnectionFactory.create(company__organization=company.organization)
    ConnectionFactory.create(company=company)

    press(customer, path, f"{path}disconnect/", connection=str(other.pk))

    other.refresh_from_db()
    assert other.is_linked


def test_forms_of_other_sites_are_refused(customer, path):
    customer.get(path)

    assert customer.post(f"{path}authorize/", {"platform": "sandbox"}).status_code == 403
    assert not Connection.objects.exists()


def test_a_platform_that_does_not_exist_leads_back_to_the_choice(customer, path):
    response = press(customer, f"{path}choose/", f"{path}authorize/", platform="abacus")

    assert response.headers["Location"] == f"{path}choose/"


def test_a_result_belongs_to_its_link(customer, company, path, alice):
    response = come_back(customer, state=leave(customer, path)["state"], code="good")
    attempt = response.headers["Location"].rstrip("/").rsplit("/", 1)[-1]
    connection = Connection.objects.get()
    other = urlsplit(links.link_url(company, connection=connection)).path

    assert customer.get(f"{other}result/{attempt}/").status_code == 404


def test_opening_a_link_too_often_is_slowed_down(customer, path, monkeypatch):
    monkeypatch.setattr(rate_limit, "REQUESTS", 3)
    answers = [customer.get(path) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "60"


def test_without_a_counter_everybody_may_pass(customer, path, settings):
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}
    }

    assert customer.get(path).status_code == 200
    with pytest.raises(Exception, match="Error"):
        cache.get("x")
