"""While the database is away nobody is told of a mistake, but when to come back."""

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

AWAY = [OperationalError("the connection is closed"), InterfaceError("the connection is closed")]


@pytest.fixture
def visitor(alice):
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    return client


@pytest.mark.parametrize("error", AWAY)
def test_a_page_says_when_to_come_back(visitor, monkeypatch, error):
    monkeypatch.setattr("portal.views.memberships_of", _raising(error))

    answer = visitor.get("/")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "Nothing is lost" in answer.text


def test_a_mistake_of_ours_stays_one(visitor, monkeypatch):
    monkeypatch.setattr("portal.views.memberships_of", _raising(RuntimeError("a mistake")))

    answer = visitor.get("/")

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "Retry-After" not in answer


def _raising(error):
    def fail(*_args, **_kwargs):
        raise error

    return fail
