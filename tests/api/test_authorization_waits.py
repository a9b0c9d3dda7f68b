"""While a platform is asked for its books nobody waits in the database, and anything may happen."""

import threading
from unittest.mock import patch

import pytest
from django.db import connection as database

from companies import tenancy
from companies.models import Event, EventType
from connections.models import Connection, StoredCredentials
from connections.platforms import PLATFORMS
from connections.platforms.base import Identity
from sync.deletion import delete_company, delete_connection
from tests.factories import CompanyFactory, ConnectionFactory, OrganizationFactory
from tests.link.test_credentials import GOOD, Abacus

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def harbour():
    return OrganizationFactory(name="Harbour Lending", slug="harbour")


@pytest.fixture
def pending(harbour, monkeypatch):
    monkeypatch.setitem(PLATFORMS, Abacus.key, Abacus)
    company = CompanyFactory(organization=harbour)
    return ConnectionFactory(
        company=company, platform=Abacus.key, status=Connection.Status.PENDING_AUTH
    )


@pytest.fixture
def put(program_of, harbour, pending):
    """Send good credentials; while the platform is asked, do something."""
    program = program_of(harbour, name="Payroll")

    def sent(meanwhile):
        def identity(_self):
            meanwhile()
            return Identity(id="main", name="Some Book")

        with patch.object(Abacus, "identity", identity):
            return program.put(
                f"/companies/{pending.company_id}/connections/{pending.pk}/authorization", GOOD
            )

    return sent


def test_no_transaction_is_open_meanwhile(put, harbour, pending):
    seen = []

    def look():
        seen.append(database.in_atomic_block)
        # Whoever locks the company and its connection now waits for nobody.
        with tenancy.entered(harbour.pk), database.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            cursor.execute("SELECT id FROM companies_company FOR UPDATE")
            cursor.execute("SELECT id FROM connections_connection FOR UPDATE")
            seen.append(cursor.rowcount)

    def look_from_elsewhere():
        thread = threading.Thread(target=_on_its_own, args=(look,))
        thread.start()
        thread.join()
        seen.append(database.in_atomic_block)

    answer = put(look_from_elsewhere)

    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "Linked"
    assert seen == [False, 1, False]
    with tenancy.entered(harbour.pk):
        linked = Event.objects.get(type=EventType.CONNECTION_CONNECTED)
        assert StoredCredentials.objects.filter(connection=pending).exists()
    assert linked.by == "API key Payroll"


def _on_its_own(work):
    try:
        work()
    finally:
        database.close()


@pytest.mark.parametrize("what", ["connection", "company"])
def test_what_is_deleted_meanwhile_is_not_found(put, harbour, pending, what):
    def delete():
        if what == "connection":
            delete_connection(pending, actor=None)
        else:
            delete_company(pending.company, actor=None)

    answer = put(delete)

    assert answer.status_code == 404
    with tenancy.entered(harbour.pk):
        assert not StoredCredentials.objects.exists()


def test_another_platform_that_is_linked_meanwhile_stays_the_only_one(put, harbour, pending):
    answer = put(lambda: ConnectionFactory(company=pending.company))

    assert answer.status_code == 400
    assert "linked already" in answer.json()["error"]
    with tenancy.entered(harbour.pk):
        assert Connection.objects.get(pk=pending.pk).status == "PendingAuth"


def test_our_own_fault_after_the_platform_answered_leaves_nothing_behind(put, harbour, pending):
    with patch("connections.lifecycle.events.record", side_effect=RuntimeError("broken")):
        answer = put(lambda: None)

    assert answer.status_code == 500
    with tenancy.entered(harbour.pk):
        assert Connection.objects.get(pk=pending.pk).status == "PendingAuth"
        assert not StoredCredentials.objects.exists()
