"""A production process that lacks something says so at its start, in one sentence."""

import os
import subprocess
import sys

import pytest

from engines import locations

COMPLETE = {
    "LEDGERPORT_ENV": "production",
    "LEDGERPORT_BASE_URL": "https://ledgerport.example",
    "LEDGERPORT_SECRET_KEY": "x" * 50,
    "LEDGERPORT_ENCRYPTION_KEYS": "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "DATABASE_URL": "postgresql://ledgerport@db.example/ledgerport",
    "REDIS_URL": "redis://valkey.example/0",
}


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
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


def test_keys_that_cannot_encrypt_are_refused():
    started = start(LEDGERPORT_ENCRYPTION_KEYS="k1:dG9vIHNob3J0")

    assert started.returncode != 0
    assert "LEDGERPORT_ENCRYPTION_KEYS needs the form" in started.stderr
