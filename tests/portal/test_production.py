"""What docs/operate.md promises of a production process."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from engines import locations

COMPLETE = {
    "LEDGERPORT_ENV": "production",
    "LEDGERPORT_BASE_URL": "https://ledgerport.example",
    "LEDGERPORT_SECRET_KEY": "x" * 50,
    "LEDGERPORT_ENCRYPTION_KEYS": "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "DATABASE_URL": "postgresql://ledgerport@db.example/ledgerport",
    "REDIS_URL": "redis://valkey.example/0",
}


def start(*, then: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {then}"],
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "portal.settings"}
        | COMPLETE
        | changes,
        capture_output=True,
        text=True,
        cwd=locations.PROJECT,
        check=False,
    )


def test_with_everything_it_starts():
    assert start().returncode == 0


@pytest.mark.parametrize("name", [name for name in COMPLETE if name != "LEDGERPORT_ENV"])
def test_what_is_missing_is_named(name):
    started = start(**{name: ""})

    assert started.returncode != 0
    assert started.stderr.endswith(f"{name} is not set. See docs/operate.md.\n")


def test_an_unknown_environment_is_production():
    started = start(LEDGERPORT_ENV="staging", LEDGERPORT_SECRET_KEY="")

    assert "LEDGERPORT_SECRET_KEY is not set" in started.stderr


@pytest.mark.full
def test_a_proxy_that_cannot_be_is_refused():
    started = start(LEDGERPORT_TRUSTED_PROXIES="proxy.example")

    assert started.returncode != 0
    assert "LEDGERPORT_TRUSTED_PROXIES: 'proxy.example' does not appear to be" in started.stderr


@pytest.mark.full
def test_the_former_setting_is_not_silently_nothing():
    started = start(LEDGERPORT_TRUST_PROXY="1")

    assert started.returncode != 0
    assert "name your proxies in LEDGERPORT_TRUSTED_PROXIES" in started.stderr
    assert start(LEDGERPORT_TRUST_PROXY="0").returncode == 0


@pytest.mark.full
@pytest.mark.parametrize("name", ["LEDGERPORT_SECRET_KEY", "LEDGERPORT_ENCRYPTION_KEYS"])
def test_keys_that_everybody_knows_are_refused(name):
    shown = start(
        LEDGERPORT_ENV="development",
        then="from django.conf import settings; "
        "print(settings.SECRET_KEY, settings.ENCRYPTION_KEYS)",
        LEDGERPORT_SECRET_KEY="",
        LEDGERPORT_ENCRYPTION_KEYS="",
    )
    secret, keys = shown.stdout.split()
    known = {"LEDGERPORT_SECRET_KEY": secret, "LEDGERPORT_ENCRYPTION_KEYS": keys}[name]

    started = start(**{name: known})

    assert started.returncode != 0
    assert f"{name} is the one of the source code" in started.stderr


@pytest.mark.full
def test_a_key_that_everybody_knows_may_still_open_what_it_sealed():
    own, known = (
        COMPLETE["LEDGERPORT_ENCRYPTION_KEYS"],
        "bGVkZ2VycG9ydC1kZXZlbG9wbWVudC1rZXktMzJieXQ=",
    )
    assert start(LEDGERPORT_ENCRYPTION_KEYS=f"{own},dev:{known}").returncode == 0


@pytest.mark.full
def test_keys_that_cannot_encrypt_are_refused():
    started = start(LEDGERPORT_ENCRYPTION_KEYS="k1:dG9vIHNob3J0")

    assert started.returncode != 0
    assert "LEDGERPORT_ENCRYPTION_KEYS needs the form" in started.stderr


@pytest.fixture
def member_login(db):
    """Make the login that docs/operate.md recommends for web, worker and beat."""
    name = f"member_{os.getpid()}"
    owner = connection.get_connection_params() | {"options": ""}
    with psycopg.connect(**owner, autocommit=True) as as_owner:
        as_owner.execute(f"CREATE ROLE {name} LOGIN NOINHERIT")
        as_owner.execute(f"GRANT ledgerport_app, ledgerport_system TO {name}")
        yield name
        as_owner.execute(f"DROP ROLE {name}")


@pytest.mark.full
def test_a_login_that_owns_nothing_serves_the_application(member_login):
    login = connection.get_connection_params() | {"user": member_login}

    with psycopg.connect(**login, autocommit=True) as as_member:
        as_member.execute("SELECT FROM companies_company")
        as_member.execute("SET ROLE ledgerport_system")
        as_member.execute("SELECT FROM sync_pull")
        for forbidden in ("SET ROLE ledgerport", "DROP TABLE sync_pull", "CREATE TABLE mine ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                as_member.execute(forbidden)
        as_member.execute("SET ROLE NONE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_member.execute("SELECT FROM companies_company")
