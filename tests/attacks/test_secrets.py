"""Secrets lie sealed in their one column, and nowhere else."""

import base64
import logging
import subprocess

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.db import connection as database

from api.keys import create_key
from companies import tenancy
from companies.rls import BACKUP_ROLE
from connections import links, sealing
from connections.models import StoredCredentials
from connections.operations import complete_authorization, create_connection
from connections.platforms.base import Credentials
from portal.backup import programs
from portal.crypto import Undecryptable, key_ring
from sync.operations import queue_first_pulls
from tests.connections.test_lifecycle import authorization, linked, pending  # noqa: F401 - fixtures
from tests.factories import CompanyFactory
from webhooks import catalog
from webhooks import operations as webhooks
from webhooks.sealing import secret_of


def everything_stored() -> str:
    """Read all that the entered organization has, and all that is shared, as text."""
    found = []
    with database.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.managed:
                table = database.ops.quote_name(model._meta.db_table)
                cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
                found.append(cursor.fetchone()[0] or "")
    return "\n".join(found)


def broker() -> bytes:
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        return b"\n".join(
            key + b"=" + (server.dump(key) or b"") for key in server.scan_iter(count=1000)
        )


def give_secrets(pending, organization, company) -> list[str]:
    """Let an organization have every kind of secret, as people and platforms give them."""
    canary = Credentials(access_token="canary-access", refresh_token="canary-refresh")
    given = authorization(pending)
    linked = complete_authorization(
        type(given)(
            organization_id=given.organization_id,
            connection_id=given.connection_id,
            credentials=canary,
            identity=given.identity,
        )
    )
    queue_first_pulls(linked)
    _, key = create_key(organization, name="canary", actor=None)
    link = links.link_url(company).rstrip("/").rsplit("/", 1)[-1]
    consumer = webhooks.create_consumer(
        organization, url="https://hooks.example/", event_types=list(catalog.BY_NAME), actor=None
    )
    signing = secret_of(consumer)
    assert sealing.load(linked).credentials == canary
    return ["canary-access", "canary-refresh", key, link, signing, signing.removeprefix("whsec_")]


def test_no_secret_is_kept_or_written_anywhere(pending, organization, company, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = give_secrets(pending, organization, company)

    stored, written = everything_stored(), caplog.text
    assert "Eastgate Roasters" in stored  # what is not secret is found
    for secret in secrets:
        for place in (stored, written):
            assert secret not in place
            assert secret.encode().hex() not in place
        assert secret.encode() not in broker()


@pytest.mark.django_db(transaction=True)
def test_a_dump_of_the_database_has_no_secret():
    """What leaves the house as a backup opens nothing without the keys."""
    company = CompanyFactory(name="Eastgate Roasters")
    with tenancy.entered(company.organization_id):
        pending = create_connection(company, platform="sandbox", actor=None)
        secrets = give_secrets(pending, company.organization, company)

    with programs.running(
        programs.find("pg_dump"),
        "--format=plain",
        f"--role={BACKUP_ROLE}",
        "--enable-row-security",
        stdout=subprocess.PIPE,
    ) as dumping:
        assert dumping.stdout is not None
        dump = dumping.stdout.read().decode()

    assert "Eastgate Roasters" in dump
    for secret in secrets:
        assert secret not in dump
        assert secret.encode().hex() not in dump
        assert base64.b64encode(secret.encode()).decode() not in dump


def test_a_ciphertext_with_any_bit_flipped_does_not_open(linked):
    row = StoredCredentials.objects.get()
    sealed = bytes(row.access_token)

    for place in range(len(sealed)):
        row.access_token = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(Undecryptable):
            sealing.opened(row)
    for cut in (b"", sealed[:5], sealed[:-1], sealed + b"\0"):
        with pytest.raises(Undecryptable):
            key_ring().decrypt(cut, context="credentials")
