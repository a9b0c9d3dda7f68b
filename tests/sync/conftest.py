import pytest
import redis
from django.conf import settings

from connections.models import Connection
from sync import engine, operations, tasks
from sync.models import Pull
from tests.factories import ConnectionFactory
from tests.sync.scripted import Scripted, install


@pytest.fixture(autouse=True)
def bells(monkeypatch) -> list[tuple[object, object]]:
    """The connections rung for, instead of messages to a broker."""
    rung: list[tuple[object, object]] = []
    monkeypatch.setattr(
        tasks, "ring", lambda organization, connection: rung.append((organization, connection))
    )
    return rung


@pytest.fixture(autouse=True)
def _no_messages_left() -> None:
    """Forget what the tests of other apps rang for: the relay looks how much is waiting."""
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.flushdb()


@pytest.fixture
def platform(monkeypatch) -> Scripted:
    return install(monkeypatch)


@pytest.fixture
def connection(company) -> Connection:
    return ConnectionFactory(company=company)


@pytest.fixture
def pull(connection):
    """Pull invoices once, to the end or as far as it gets, and return the row."""

    def run(data_type: str = "invoices", **fields) -> Pull:
        queued = operations.queue_pull(
            connection, data_type, **{"trigger": Pull.Trigger.MANUAL, **fields}
        )
        engine.run_connection(connection.organization_id, connection.pk)
        queued.refresh_from_db()
        return queued

    return run
