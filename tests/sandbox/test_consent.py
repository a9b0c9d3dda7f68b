"""The page a person consents on."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import FORM, REDIRECT_URI, Visitor


def answer(location: str) -> dict[str, str]:
    assert location.startswith(f"{REDIRECT_URI}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_page_names_the_application_what_it_reads_and_every_business(visitor: Visitor):
    page = visitor.http.get("/oauth/authorize", params=FORM)

    assert page.status_code == 200
    for text in (
        "Allow Ledgerport to read your books?",
        "Harbour &amp; Finch Coffee Roasters",
        "Northwind Wholesale",
        "Søren &amp; Łucja Żółć GmbH — Café №5",
        "Tens of thousands",
        "GBP",
        ">Allow access</button>",
        ">Deny</button>",
        "bank transactions",
        "app.example",
    ):
        assert text in page.text
    assert page.text.count('type="radio"') == 3


def test_page_is_under_a_strict_policy_that_lets_the_form_lead_back(visitor: Visitor):
    policy = visitor.http.get("/oauth/authorize", params=FORM).headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert policy.endswith("form-action 'self' https: http:")
    assert "unsafe" not in policy


def test_what_the_application_sends_is_escaped(visitor: Visitor):
    page = visitor.http.get("/oauth/authorize", params={**FORM, "state": '"><script>alert(1)'})

    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_allowing_returns_a_code_and_the_state(visitor: Visitor):
    response = visitor.consent()

    assert response.status_code == 303
    assert response.headers["cache-control"] == "no-store"
    found = answer(response.headers["location"])
    assert found["state"] == FORM["state"]
    assert len(found["code"]) > 30


def test_denying_returns_access_denied(visitor: Visitor):
    found = answer(visitor.consent(decision="deny").headers["location"])

    assert found["error"] == "access_denied"
    assert found["error_description"]
    assert found["state"] == FORM["state"]


def test_a_registered_address_keeps_its_own_query(visitor: Visitor):
    location = visitor.consent(redirect_uri=f"{REDIRECT_URI}?from=sandbox").headers["location"]

    assert location.startswith(f"{REDIRECT_URI}?from=sandbox&code=")


def test_choosing_no_business_asks_again(visitor: Visitor):
    response = visitor.consent(business="")

    assert response.status_code == 422
    assert "Choose the business to share." in response.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "stranger"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": f"{REDIRECT_URI}/more"},
        {"redirect_uri": ""},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    visitor: Visitor, method: str, change: dict[str, str]
):
    values = {**FORM, "business": "small", "decision": "allow", **change}

    response = visitor.http.request(
        method,
        "/oauth/authorize",
        follow_redirects=False,
        **{"params" if method == "GET" else "data": values},  # type: ignore[arg-type]  # either
    )

    assert response.status_code == 400
    assert "location" not in response.headers
    assert "This link does not work" in response.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "accounting.write"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_the_application_is_told_what_it_asked_wrongly(
    visitor: Visitor, change: dict[str, str], error: str
):
    found = answer(visitor.consent(**change).headers["location"])

    assert found["error"] == error
    assert found["state"] == FORM["state"]


def test_start_page_lists_the_businesses(visitor: Visitor):
    page = visitor.http.get("/")

    assert page.status_code == 200
    assert "Northwind Wholesale" in page.text
    assert visitor.http.get("/static/sandbox.css").status_code == 200
    assert visitor.http.get("/health").json() == {"status": "ok"}
