"""What a load balancer asks."""

import pytest
import redis
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor

from portal import health


@pytest.fixture
def stranger(client):
    client.logout()
    return client


def test_a_living_process_says_so_without_asking_anybody(stranger, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = stranger.get("/live")

    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response["Cache-Control"]


def test_ready_once_the_database_is_migrated(stranger):
    response = stranger.get("/ready")

    assert (response.status_code, response.json()) == (200, {"database": "ok", "valkey": "ok"})


def test_not_ready_before_the_migrations(stranger, monkeypatch):
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: ["one"])

    response = stranger.get("/ready")

    assert (response.status_code, response.json()["database"]) == (503, "not migrated")


def test_not_ready_without_the_database(stranger, monkeypatch):
    def unreachable(_connection):
        raise OperationalError("connection refused")

    monkeypatch.setattr(health, "MigrationExecutor", unreachable)

    response = stranger.get("/ready")

    assert (response.status_code, response.json()["database"]) == (503, "unreachable")


@pytest.mark.full
def test_ready_without_valkey(stranger, monkeypatch):
    nowhere = redis.Redis(unix_socket_path="/nowhere.sock")
    monkeypatch.setattr(health, "_valkey", lambda: nowhere)

    response = stranger.get("/ready")

    assert (response.status_code, response.json()["valkey"]) == (200, "unreachable")
