"""Stored secrets that cannot be decrypted any more: nobody gets in, and everybody is told why."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from companies import data_keys, tenancy
from companies.models import Event, StoredDataKey
from connections import oauth, offers, sealing
from connections.credentials import give_up, open_platform, renew_after_401
from connections.models import (
    AuthorizationAttempt,
    Connection,
    Integration,
    StoredCredentials,
)
from connections.platforms.base import Credentials, Unreadable
from connections.registration import platform_app, sealed_secret
from portal.crypto import Undecryptable
from sync.engine import run_connection
from sync.models import Pull, PullStatus
from tests.factories import ConnectionFactory, DataStatusFactory, LinkUrlFactory, PullFactory
from webhooks import operations as webhooks
from webhooks import sealing as webhook_sealing
from webhooks.models import WebhookConsumer

GIVEN = Credentials(
    access_token="access",
    refresh_token="refresh",
    expires_at=timezone.now() + timedelta(days=300),
    parameters={"tenant": "t-1"},
)


@pytest.fixture
def linked(company) -> Connection:
    connection = ConnectionFactory(company=company)
    sealing.store(connection, GIVEN)
    return connection


@pytest.fixture
def keyless(linked) -> Connection:
    """A connection whose organization's key is not there any more."""
    StoredDataKey.objects.all().delete()
    data_keys.forget()
    return linked


def spoil(rows, column: str, value: bytes) -> None:
    assert rows.update(**{column: value}) == 1


def flipped(ciphertext) -> bytes:
    ciphertext = bytes(ciphertext)
    return ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])


CREDENTIALS = ("access_token", "refresh_token", "parameters")


@pytest.mark.parametrize("column", CREDENTIALS)
@pytest.mark.parametrize("how", ["flipped", "cut off", "another field's", "another row's"])
def test_altered_or_transplanted_credentials_open_nothing(linked, company, column, how):
    row = StoredCredentials.objects.get(connection=linked)
    other = ConnectionFactory(company=company, status=Connection.Status.UNLINKED)
    sealing.store(other, GIVEN)
    theirs = StoredCredentials.objects.get(connection=other)
    here = bytes(getattr(row, column))
    value = {
        "flipped": flipped(here),
        "cut off": here[:-1],
        "another field's": bytes(getattr(row, CREDENTIALS[CREDENTIALS.index(column) - 1])),
        "another row's": bytes(getattr(theirs, column)),
    }[how]

    spoil(StoredCredentials.objects.filter(connection=linked), column, value)

    with pytest.raises(Undecryptable):
        sealing.load(linked)
    with pytest.raises(Unreadable), open_platform(linked):
        pass


def test_credentials_of_another_organization_open_nothing(linked, other_organization):
    row = StoredCredentials.objects.get(connection=linked)
    row.organization_id = other_organization.pk

    with pytest.raises(Undecryptable):
        sealing.opened(row)


def test_it_is_told_once_on_the_connection(keyless, company, client, caplog):
    for _ in range(2):
        with pytest.raises(Unreadable), open_platform(keyless):
            pass
    with pytest.raises(Unreadable):
        renew_after_401(keyless, GIVEN)

    keyless.refresh_from_db()
    (error,) = keyless.errors.all()
    assert keyless.mark == "error"
    assert "cannot be decrypted" in error.error_message
    assert Event.objects.filter(type="connection.unreadable").count() == 1
    url = reverse("connections:panel", args=["harbour", company.pk, keyless.pk])
    assert "The stored credentials for Sandbox cannot be decrypted" in (
        client.get(url).content.decode()
    )
    assert "refresh" not in "".join(record.getMessage() for record in caplog.records)


def test_a_pull_ends_in_the_same_words_and_is_tried_again(keyless):
    DataStatusFactory(connection=keyless)
    pull = PullFactory(connection=keyless)

    run_connection(keyless.organization_id, keyless.pk)

    ended = Pull.objects.get(pk=pull.pk)
    assert ended.status == PullStatus.INTERNAL_ERROR
    assert "cannot be decrypted" in ended.error_message
    assert ended.status_description == ""
    keyless.refresh_from_db()
    assert keyless.is_linked


def test_what_cannot_be_compared_ends_nothing(keyless):
    give_up(keyless, GIVEN, reason="401")

    keyless.refresh_from_db()
    assert keyless.is_linked


def test_authorizing_again_mends_it(keyless):
    with pytest.raises(Unreadable), open_platform(keyless):
        pass

    sealing.store(keyless, GIVEN)

    with open_platform(keyless) as platform:
        assert platform.credentials.access_token == "access"


def test_an_unreadable_earlier_token_does_not_keep_from_renewing(linked):
    spoil(StoredCredentials.objects.filter(connection=linked), "previous_refresh_token", b"x")

    assert sealing.load(linked).credentials.refresh_token == "refresh"


def test_a_client_secret_that_cannot_be_decrypted_is_told_in_words(organization):
    integration = Integration(
        organization=organization, platform="xero", is_enabled=True, client_id="id"
    )
    integration.client_secret = sealed_secret(integration, "secret")
    integration.save(force_insert=True)
    assert offers.is_offered(organization.pk, "xero")

    spoil(Integration.objects.all(), "client_secret", flipped(integration.client_secret))

    with pytest.raises(Unreadable, match="Enter it again"):
        platform_app(organization.pk, "xero")
    assert not offers.is_offered(organization.pk, "xero")
    transplanted = Integration(organization=organization, platform="quickbooks", client_id="id")
    transplanted.client_secret = integration.client_secret
    transplanted.save(force_insert=True)
    with pytest.raises(Unreadable):
        platform_app(organization.pk, "quickbooks")


@pytest.mark.parametrize("column", ["code_verifier", "granted"])
def test_a_trip_to_the_platform_that_cannot_be_finished_starts_again(linked, column):
    attempt = AuthorizationAttempt(
        organization_id=linked.organization_id,
        connection=linked,
        link_url=LinkUrlFactory(company=linked.company),
        platform="sandbox",
        state_hash=b"1",
        browser_hash=b"",
        expires_at=timezone.now(),
        used_at=timezone.now(),
        organizations=[{"id": "1", "name": "One"}],
    )
    attempt.code_verifier = oauth._seal(attempt, "code_verifier", "verifier")
    attempt.granted = oauth._seal(attempt, "granted", "{}")
    attempt.save(force_insert=True)

    rows = AuthorizationAttempt.objects.filter(pk=attempt.pk)
    spoil(rows, column, flipped(getattr(attempt, column)))
    attempt.refresh_from_db()

    if column == "granted":
        with pytest.raises(oauth.NotOurs):
            oauth.choose(attempt, "1")
    else:
        with pytest.raises(Unreadable, match="Start again"):
            oauth.redeem(attempt, code="code", callback={})


@pytest.mark.parametrize("column", ["sealed_secret", "sealed_headers", "sealed_previous_secret"])
def test_an_endpoints_secrets_open_in_their_place_only(organization, alice, column):
    first, second = (
        webhooks.create_consumer(
            organization,
            url="https://hooks.example/x",
            event_types=["company.created"],
            company_tags=[],
            description="",
            rate_limit=None,
            headers={"X-Token": "hush"},
            actor=alice,
        )
        for _ in range(2)
    )
    for consumer in (first, second):
        webhooks.rotate_secret(consumer, actor=alice)
        consumer.refresh_from_db()
    mine = bytes(getattr(first, column))
    others = {"sealed_headers": first.sealed_secret}.get(column, first.sealed_headers)

    for value in (flipped(mine), mine[:-1], getattr(second, column), others):
        consumer = WebhookConsumer.objects.get(pk=first.pk)
        setattr(consumer, column, value)
        with pytest.raises(Undecryptable):
            webhook_sealing.secrets_in_force(consumer)
            webhook_sealing.headers_of(consumer)


@pytest.mark.django_db(transaction=True)
def test_opening_credentials_takes_one_query_more_and_the_next_none(
    django_assert_num_queries, transactional_db
):
    connection = ConnectionFactory()
    with tenancy.entered(connection.organization_id):
        sealing.store(connection, GIVEN)

    with django_assert_num_queries(5):  # begin, organization, credentials, key, commit
        sealing.load(connection)
    with django_assert_num_queries(4):
        sealing.load(connection)
