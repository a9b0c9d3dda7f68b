import psycopg
import redis

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


def test_celery_and_redis_py_are_given_the_same_server() -> None:
    assert engines.redis_url().startswith("unix:///")
    assert engines.broker_url() == engines.redis_url().replace(
        "unix://", "redis+socket://"
    ).replace("?db=", "?virtual_host=")
