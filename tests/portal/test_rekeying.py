"""Changing the keys while everything is in use."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import models
from django.utils import timezone

from companies import data_keys, tenancy
from companies.models import StoredDataKey
from connections import sealing
from connections.credentials import open_platform
from connections.models import AuthorizationAttempt, Connection, Integration, StoredCredentials
from connections.oauth import SEALED as TRIPS
from connections.platforms.base import Credentials
from connections.registration import opened_secret, sealed_secret
from engines import locations
from portal import rekeying
from portal.adapter import MFAAdapter
from portal.crypto import data_key_of, key_ring
from tests.conftest import RING
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    LinkUrlFactory,
    OrganizationFactory,
    UserFactory,
)
from tests.fake_platform import FakePlatform
from webhooks import operations as webhooks
from webhooks import sealing as endpoints
from webhooks.models import WebhookConsumer

#: Columns of bytes that hold no secret, each with its reason.
NOT_SEALED = {
    "api.ApiKey.hash": "a digest",
    "api.IdempotentRequest.fingerprint": "a digest",
    "api.IdempotentRequest.body": "an answer of the API, which shows no secret",
    "companies.StoredDataKey.wrapped": "wrapped by the ring itself",
    "connections.OneTimeCode.code_hash": "a digest",
    "connections.OneTimeCode.browser_hash": "a digest",
    "connections.AuthorizationAttempt.state_hash": "a digest",
    "connections.AuthorizationAttempt.browser_hash": "a digest",
    "link.LinkSettings.logo": "a picture",
    "link.LinkVisit.browser_hash": "a digest",
    "sync.Record.hash": "a digest",
    "sync.RecordVersion.hash": "a digest",
    "sync.StagedRecord.hash": "a digest",
}
GIVEN = Credentials(
    access_token="access",
    refresh_token="refresh",
    expires_at=timezone.now() + timedelta(days=300),
    parameters={"tenant": "t-1"},
)


def test_every_sealed_column_is_known():
    columns = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
        for field in model._meta.get_fields()
        if isinstance(field, models.BinaryField)
    }

    sealed = {f"{column.model._meta.label}.{column.name}" for column in rekeying.SEALED}
    assert columns == sealed | set(NOT_SEALED)


@pytest.fixture
def owned(organization, company, alice, ring):
    """One secret of each kind, all sealed before there were data keys, with the old ring key."""
    ring("old")
    connection = ConnectionFactory(company=company)
    sealing.store(connection, GIVEN)
    StoredCredentials.objects.update(previous_refresh_token=models.F("refresh_token"))
    integration = Integration(organization=organization, platform="xero", client_id="id")
    integration.client_secret = sealed_secret(integration, "secret")
    integration.save(force_insert=True)
    consumer = webhooks.create_consumer(
        organization,
        url="https://hooks.example/x",
        event_types=["company.created"],
        headers={"X-Token": "hush"},
        actor=alice,
    )
    webhooks.rotate_secret(consumer, actor=alice)
    attempt = AuthorizationAttempt(
        organization=organization,
        connection=connection,
        link_url=LinkUrlFactory(company=company),
        platform="sandbox",
        state_hash=b"1",
        browser_hash=b"",
        expires_at=timezone.now(),
    )
    for column in TRIPS:
        context = column.context(attempt)
        setattr(attempt, column.name, key_ring().encrypt("trip", context=context))
    attempt.save(force_insert=True)
    for column in rekeying.SEALED:
        row = column.model.objects.get()
        context = column.context(row)
        plaintext = data_keys.unseal(organization.pk, getattr(row, column.name), context=context)
        setattr(row, column.name, key_ring().encrypt(plaintext, context=context))
        row.save(update_fields=[column.name])
    Authenticator.objects.create(
        user=alice, type="totp", data={"secret": MFAAdapter().encrypt("seed")}
    )
    return connection


def opens(organization) -> bool:
    data_keys.forget()
    connection = Connection.objects.get()
    credentials = sealing.load(connection).credentials
    row = StoredCredentials.objects.get()
    consumer = WebhookConsumer.objects.get()
    attempt = AuthorizationAttempt.objects.get()
    trips = [
        data_keys.unseal(
            organization.pk, getattr(attempt, column.name), context=column.context(attempt)
        )
        for column in TRIPS
    ]
    return (
        (credentials.access_token, credentials.refresh_token) == ("access", "refresh")
        and credentials.parameters == {"tenant": "t-1"}
        and sealing.previous_refresh_token(row) == "refresh"
        and opened_secret(Integration.objects.get()) == "secret"
        and len(endpoints.secrets_in_force(consumer)) == 2
        and endpoints.headers_of(consumer) == {"X-Token": "hush"}
        and trips == ["trip", "trip"]
        and MFAAdapter().decrypt(Authenticator.objects.get().data["secret"]) == "seed"
    )


def test_after_a_rotation_the_old_key_opens_nothing_and_is_not_needed(
    owned, organization, ring, capsys
):
    ring("new", "old")

    call_command("rekey")

    ring("new")
    assert opens(organization)
    assert set(rekeying.tally()) == {
        "ring key new: data keys",
        "ring key new: secrets",
        "data keys in force: secrets",
    }
    told = {line.split("  ")[0]: line.split()[-2:] for line in capsys.readouterr().out.splitlines()}
    assert told["ring key old: secrets"] == ["11", "0"]
    assert told["ring key old: data keys"] == ["1", "0"]
    assert told["data keys in force: secrets"] == ["0", "10"]


def test_run_again_it_does_nothing(owned, ring):
    ring("new", "old")
    rekeying.rekey()

    again = rekeying.rekey()

    assert (again.rewrapped, again.resealed, again.destroyed) == (0, 0, 0)


def test_a_new_data_key_takes_everything_over_and_the_old_one_is_destroyed(owned, organization):
    rekeying.rekey()
    before = StoredDataKey.objects.get()

    outcome = rekeying.rekey(new_data_keys=True)

    after = StoredDataKey.objects.get()
    assert after.pk != before.pk
    assert (outcome.resealed, outcome.destroyed) == (10, 1)
    assert opens(organization)


def test_what_cannot_be_decrypted_is_named_and_left(owned, organization, ring, capsys):
    spoilt = b"\x03old" + b"x" * 40
    StoredCredentials.objects.update(refresh_token=spoilt)
    Authenticator.objects.update(data={"secret": "no ciphertext"})
    ring("new", "old")

    with pytest.raises(CommandError, match="2 rows"):
        call_command("rekey")

    told = capsys.readouterr()
    assert f"stored credentials refresh_token {owned.pk}" in told.err
    assert f"totp {Authenticator.objects.get().pk}" in told.err
    assert "refresh_token access" not in told.out + told.err
    assert bytes(StoredCredentials.objects.get().refresh_token) == spoilt
    assert data_key_of(bytes(StoredCredentials.objects.get().access_token)) is not None


def test_a_lost_data_key_is_named_and_a_new_one_can_be_had(owned, organization, ring):
    rekeying.rekey()
    ring("new")

    outcome = rekeying.rekey()
    assert outcome.undecryptable[0] == f"data key {StoredDataKey.objects.get().pk}"
    outcome = rekeying.rekey(new_data_keys=True)

    sealing.store(owned, GIVEN)
    assert sealing.load(owned).credentials.access_token == "access"
    assert len(outcome.undecryptable) > 1


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_rotating_beside_refreshes_loses_no_token(ring, settings):
    ring("old")
    company = CompanyFactory.create(organization=OrganizationFactory.create())
    idle = [
        ConnectionFactory.create(company=company, status=Connection.Status.LINKED)
        if number == 0
        else ConnectionFactory.create(
            company=CompanyFactory.create(organization=company.organization)
        )
        for number in range(4)
    ]
    busy = ConnectionFactory.create(
        company=CompanyFactory.create(organization=OrganizationFactory.create())
    )
    with FakePlatform() as platform:
        settings.SANDBOX_URL = platform.url
        platform.expires_in = 1
        given = Credentials(
            access_token="a",
            refresh_token=str(platform.grant()["refresh_token"]),
            expires_at=timezone.now(),
        )
        for connection in (*idle, busy):
            with tenancy.entered(connection.organization_id):
                sealing.store(connection, GIVEN if connection != busy else given)
        is_over, failures, uses = threading.Event(), [], []

        def use(connection: Connection) -> None:
            try:
                while not is_over.is_set():
                    with open_platform(connection) as opened:
                        uses.append(opened.credentials.access_token)
            except Exception as error:  # noqa: BLE001 - what went wrong is what the test looks at
                failures.append(error)
            finally:
                database.close()

        users = [threading.Thread(target=use, args=[each]) for each in (busy, busy, *idle[:2])]
        for user in users:
            user.start()
        ring("new", "old")
        for _ in range(5):
            rekeying.rekey(new_data_keys=True)
        is_over.set()
        for user in users:
            user.join()
        rekeying.rekey()

    ring("new")
    assert failures == []
    assert platform.refreshes > 1
    assert platform.reuses == 0
    assert sealing.load(busy).credentials.refresh_token == platform.current
    assert {sealing.load(each).credentials.access_token for each in idle} == {"access"}
    assert set(rekeying.tally()) == {"ring key new: data keys", "data keys in force: secrets"}


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_it_goes_on_where_it_was(ring):
    ring("old")
    connections = [
        ConnectionFactory.create(
            company=CompanyFactory.create(organization=OrganizationFactory.create())
        )
        for _ in range(3)
    ]
    for connection in connections:
        with tenancy.entered(connection.organization_id):
            sealing.store(connection, GIVEN)
    stored = [sealing.load(connection).credentials for connection in connections]
    UserFactory.create()
    keys = f"{RING['new']},{RING['old']}"

    for step in (1, 4, 6):
        killed = subprocess.run(
            [sys.executable, "-m", "tests.portal.rekey_process",
             database.settings_dict["NAME"], keys, str(step)],
            cwd=locations.PROJECT,
            env={**os.environ, "REDIS_URL": project.REDIS_URL},
            check=False,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL
    ring("new", "old")
    rekeying.rekey()

    ring("new")
    assert [sealing.load(connection).credentials for connection in connections] == stored
    assert set(rekeying.tally()) == {"ring key new: data keys", "data keys in force: secrets"}
