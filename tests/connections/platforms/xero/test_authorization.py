"""Consent, tokens and tenants at Xero, over real HTTP."""

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connections.platforms.base import (
    AuthorizationRevoked,
    Credentials,
    PermissionMissing,
    Unreachable,
)
from connections.platforms.xero import Xero
from connections.schemas import DataType
from tests.connections.platforms.xero.customer import (
    REDIRECT_URI,
    VERIFIER,
    Customer,
    pull,
    records,
)
from tests.vendors.serve import Fault
from tests.vendors.xero import XeroServer


def test_lost_refresh_answer_can_be_asked_for_again(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    xero.faults.append(Fault(path="/connect/token", is_lost=True))

    with pytest.raises(Unreachable):
        customer.refresh(credentials)
    fresh = customer.refresh(credentials)

    assert customer.open(fresh).identity().id == xero.first().tenant
    assert fresh.refresh_token != credentials.refresh_token
    assert xero.oauth.consents[-1].reuses == 1


def test_refresh_token_works_once_its_grace_is_over(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    fresh = customer.refresh(credentials)
    xero.clock.advance(minutes=31)

    newest = customer.refresh(fresh)
    with pytest.raises(AuthorizationRevoked):
        customer.refresh(credentials)

    assert newest.refresh_token


def test_access_ends_after_thirty_minutes_and_renews(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    xero.clock.advance(minutes=31)

    with pytest.raises(AuthorizationRevoked):
        pull(customer.open(credentials), DataType.TAX_RATES)
    fresh = customer.open(customer.refresh(credentials))

    assert records(pull(fresh, DataType.TAX_RATES))


def test_authorization_lapses_after_sixty_days(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    assert Xero.lapses_after
    xero.clock.advance(seconds=Xero.lapses_after.total_seconds() - 60)
    credentials = customer.refresh(credentials)
    xero.clock.advance(seconds=Xero.lapses_after.total_seconds() + 1)

    with pytest.raises(AuthorizationRevoked):
        customer.refresh(credentials)


def test_code_is_worth_something_once(xero: XeroServer, customer: Customer):
    url = Xero.authorize_url(
        customer.app,
        state="s",
        redirect_uri=REDIRECT_URI,
        code_challenge=create_s256_code_challenge(VERIFIER),
    )
    code = xero.consent(url)["code"]

    def exchange() -> Credentials:
        return Xero.exchange(
            customer.http,
            customer.app,
            code=code,
            redirect_uri=REDIRECT_URI,
            code_verifier=VERIFIER,
            callback={},
        )

    credentials = exchange()
    with pytest.raises(AuthorizationRevoked):
        exchange()

    # Whoever took the code may have taken what it was worth.
    with pytest.raises(AuthorizationRevoked):
        customer.refresh(credentials)


def test_consent_page_offers_every_organization_and_a_way_out(xero: XeroServer, customer: Customer):
    url = httpx.URL(
        Xero.authorize_url(
            customer.app, state="s", redirect_uri=REDIRECT_URI, code_challenge="c" * 43
        )
    )
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(url).text
        form = {**url.params, "decision": "deny"}
        denied = browser.post(url.copy_with(query=None), data=form)
        unknown = browser.get(url.copy_set_param("scope", "accounting.transactions"))

    assert all(tenant in page for tenant in xero.organisations)
    assert httpx.URL(denied.headers["Location"]).params["error"] == "access_denied"
    assert unknown.status_code == 400


def test_organizations_of_one_consent_are_told_apart(xero: XeroServer, customer: Customer):
    one, other = xero.organisations.values()
    platform = customer.open(customer.authorize(one, other))

    found = {each.name: each for each in platform.organizations()}
    first = customer.open(platform.choose(found[one.name]))
    second = customer.open(platform.choose(found[other.name]))

    assert (first.identity().id, second.identity().id) == (one.tenant, other.tenant)
    assert not records(pull(first, DataType.INVOICES)).keys() & records(
        pull(second, DataType.INVOICES)
    )


def test_giving_one_organization_back_keeps_the_other(xero: XeroServer, customer: Customer):
    one, other = xero.organisations.values()
    platform = customer.open(customer.authorize(one, other))
    found = {each.id: each for each in platform.organizations()}
    first, second = platform.choose(found[one.tenant]), platform.choose(found[other.tenant])

    customer.revoke(first)

    with pytest.raises(AuthorizationRevoked):
        pull(customer.open(first), DataType.TAX_RATES)
    with pytest.raises(AuthorizationRevoked):
        customer.open(first).identity()
    assert records(pull(customer.open(second), DataType.TAX_RATES))
    assert not xero.oauth.consents[-1].is_revoked
    customer.revoke(second)
    assert xero.oauth.consents[-1].is_revoked


def test_authorization_is_given_back_with_an_access_token_that_ended(
    xero: XeroServer, customer: Customer
):
    credentials = customer.linked()
    xero.oauth.expire_access()

    customer.revoke(credentials)

    assert xero.oauth.consents[-1].is_revoked


def test_consent_never_finished_is_given_back(xero: XeroServer, customer: Customer):
    credentials = customer.authorize()

    customer.revoke(credentials)

    assert xero.oauth.consents[-1].is_revoked


def test_organization_disconnected_at_xero_needs_the_customer(xero: XeroServer, customer: Customer):
    credentials = customer.linked()

    xero.disconnect(xero.first().tenant)

    with pytest.raises(AuthorizationRevoked):
        pull(customer.open(credentials), DataType.INVOICES)
    with pytest.raises(AuthorizationRevoked):
        customer.open(credentials).identity()


def test_scope_that_was_not_given_is_told(xero: XeroServer):
    scopes = tuple(each for each in Xero.scopes if "banktransactions" not in each)
    customer = Customer(xero, scopes=scopes)
    platform = customer.open(customer.linked())

    with pytest.raises(PermissionMissing):
        pull(platform, DataType.BANK_TRANSACTIONS)
    assert records(pull(platform, DataType.TAX_RATES))
    customer.http.close()
