import psycopg
import pytest
import redis
from kombu import Connection

import engines


def test_the_application_role_is_bound_by_row_level_security() -> None:
    with psycopg.connect(engines.database_url()) as connection:
        row = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

    assert row == ("ledgerport", False, False, True, True)


def test_the_application_role_may_create_the_extensions_it_needs() -> None:
    with (
        psycopg.connect(engines.database_url()) as connection,
        connection.transaction(force_rollback=True),
    ):
        connection.execute("CREATE EXTENSION pg_trgm")

        row = connection.execute("SELECT similarity('ledger', 'ledgers') > 0.5").fetchone()

    assert row == (True,)


def test_valkey_answers_in_a_database_of_its_own() -> None:
    with redis.Redis.from_url(engines.redis_url()) as client:
        assert client.ping()
        assert client.connection_pool.connection_kwargs["db"] >= 1


@pytest.mark.parametrize(
    ("redis_url", "broker_url"),
    [
        ("redis://valkey:6379/3", "redis://valkey:6379/3"),
        ("rediss://:secret@valkey:6379/0", "rediss://:secret@valkey:6379/0"),
        ("unix:///run/valkey.sock?db=2", "redis+socket:///run/valkey.sock?virtual_host=2"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock?virtual_host=0"),
    ],
)
def test_celery_is_given_the_same_server_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, redis_url: str, broker_url: str
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)

    assert engines.redis_url() == redis_url
    assert engines.broker_url() == broker_url


def test_celery_finds_the_started_engine() -> None:
    with Connection(engines.broker_url()) as connection:
        connection.connect()

        assert connection.connected
