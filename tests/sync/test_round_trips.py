"""What a small pull costs: statements and transactions, and that they stay few."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from companies import tenancy
from connections.models import Connection
from link.sandbox import link_sandbox
from sync import operations, tasks
from sync.models import Pull, PullStatus
from tests.factories import CompanyFactory, OrganizationFactory
from tests.real_sandbox import sandbox, sandbox_server  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)

#: Whose turn it is, the claim, the page, the end, that nothing else waits, and that nobody does.
TRANSACTIONS = 6


@pytest.fixture
def connection(sandbox) -> Connection:
    """A connection just linked, none of whose first pulls waits."""
    company = CompanyFactory.create(organization=OrganizationFactory.create())
    connection = link_sandbox(company, business="small")
    with tenancy.entered(company.organization_id):
        Pull.objects.all().delete()
    assert connection is not None
    return connection


def cost(connection: Connection) -> tuple[Pull, int, int]:
    """Have a worker pull the tax rates; return the pull, its statements and its transactions."""
    pull = operations.queue_pull(connection, "taxRates", trigger=Pull.Trigger.MANUAL)
    with CaptureQueriesContext(database) as asked:
        tasks.run_connection(
            organization_id=connection.organization_id, connection_id=connection.pk
        )
    with tenancy.entered(connection.organization_id):
        pull.refresh_from_db()
    statements = [query["sql"] for query in asked]
    assert pull.status == PullStatus.COMPLETE
    assert statements.count("COMMIT") == statements.count("BEGIN")
    return pull, len(statements), statements.count("BEGIN")


def test_a_pull_of_one_page_takes_six_transactions_and_some_forty_statements(connection):
    """At most 51 the first time, with all records; 46 when nothing is new. BEGIN and COMMIT count.

    More of them is what workers and PostgreSQL are busy with where most pulls are small.
    """
    first, statements, transactions = cost(connection)
    assert first.added > 0
    assert (first.pages, transactions) == (1, TRANSACTIONS)
    assert statements <= 51

    second, statements, transactions = cost(connection)
    assert second.fetched == 0
    assert (second.pages, transactions) == (1, TRANSACTIONS)
    assert statements <= 46
