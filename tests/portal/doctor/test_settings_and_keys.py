"""What the settings say is told without being shown."""

import pytest

from portal.doctor.findings import Level


def test_a_public_address_in_development(ask, settings):
    settings.BASE_URL, settings.SECURE = "https://ledgerport.example", True

    assert ask("settings.environment").level == Level.WARNING


def test_an_environment_nobody_knows(ask, settings, monkeypatch):
    monkeypatch.setenv("LEDGERPORT_ENV", "staging")
    settings.DEVELOPMENT = False

    answer = ask("settings.environment")

    assert answer.level == Level.NOTE
    assert "staging, which is taken for production" in answer.found


def test_an_environment_as_it_should_be(ask):
    assert ask("settings.environment").level == Level.OK


@pytest.mark.parametrize(
    ("key", "level"),
    [
        ("x" * 50, Level.OK),
        ("x" * 20, Level.WARNING),
        ("development-only-key-that-is-long-enough-for-checks-0123456789", Level.NOTE),
    ],
)
def test_the_secret_key(ask, settings, key, level):
    settings.SECRET_KEY = key

    answer = ask("keys.secret_key")

    assert answer.level == level
    assert key not in answer.found


@pytest.mark.parametrize("keys", ["k1:dG9vIHNob3J0", "no key at all", "k1:", "k1:%%%"])
def test_a_ring_that_does_not_parse(ask, settings, keys):
    settings.ENCRYPTION_KEYS = keys

    assert ask("keys.ring").level == Level.ERROR


def test_a_ring_that_parses(ask, ring):
    ring("new", "old")

    answer = ask("keys.ring")

    assert (answer.level, answer.found) == (Level.OK, "new encrypts; old can still decrypt.")
