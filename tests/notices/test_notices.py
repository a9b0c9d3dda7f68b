"""Failures are told by e-mail: to those who can mend them, once, by their own clock."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db.models.functions import Now
from django.utils import timezone

from companies import tenancy
from companies.roles import Role
from connections import operations as connection_operations
from connections.models import Connection
from notices import beat, operations, tasks
from notices.models import Notice
from sync.models import DataStatus, Pull
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    DataStatusFactory,
    MembershipFactory,
    OrganizationFactory,
    PullFactory,
    UserFactory,
)

REASON = "The customer withdrew <the> consent."


@pytest.fixture
def harbour(alice):
    """An organization with a person in each role; nobody has entered it."""
    alice.time_zone = "America/New_York"
    alice.save()
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=alice)
    for role in Role:
        if role != Role.ADMINISTRATOR:
            user = UserFactory(email=f"{role.value}@harbour.example")
            MembershipFactory(organization=organization, user=user, role=role)
    return organization


@pytest.fixture
def connection(harbour):
    company = CompanyFactory(organization=harbour, name="Eastgate & Sons")
    return ConnectionFactory(company=company)


@pytest.fixture
def lost(connection):
    connection_operations.deauthorize(connection, reason=REASON)
    return connection


def fail(connection, data_type="invoices", **values) -> Pull:
    DataStatusFactory(connection=connection, data_type=data_type, failures=1)
    return PullFactory(
        connection=connection,
        data_type=data_type,
        status="FetchError",
        error_message="The platform did not answer.",
        completed_at=timezone.now(),
        **values,
    )


def receivers() -> list[str]:
    return sorted(message.to[0] for message in mail.outbox)


def test_lost_access_is_told_to_those_who_may_change_settings(harbour, lost):
    assert tasks.tell_of_lost_access(organization_id=str(harbour.pk)) == 2

    assert receivers() == ["alice@harbour.example", "developer@harbour.example"]
    message = mail.outbox[0]
    assert isinstance(message, mail.EmailMultiAlternatives)
    assert message.subject == "[Ledgerport] Eastgate & Sons is no longer linked to Sandbox"
    html = str(message.alternatives[0][0])
    assert REASON in message.body
    assert "withdrew &lt;the&gt; consent" in html
    link = f"http://127.0.0.1:8000/o/harbour/companies/{lost.company_id}/connections/{lost.pk}/"
    assert link in message.body
    assert link in html


def test_nobody_is_told_twice_but_of_the_next_loss_again(harbour, lost):
    operations.tell_of_lost_access(harbour.pk)

    assert operations.tell_of_lost_access(harbour.pk) == 0

    with tenancy.entered(harbour.pk):
        Connection.objects.filter(pk=lost.pk).update(status="Linked")
    connection_operations.deauthorize(lost, reason=REASON)
    assert operations.tell_of_lost_access(harbour.pk) == 2


def test_old_losses_are_no_news(harbour, lost):
    with tenancy.entered(harbour.pk):
        Connection.objects.update(status_changed_at=Now() - timedelta(hours=2))

    assert operations.tell_of_lost_access(harbour.pk) == 0


def test_an_email_that_the_server_refused_is_sent_the_next_time(harbour, lost, monkeypatch):
    with monkeypatch.context() as refusing:
        refusing.setattr("portal.mail.send", _refuse)
        assert operations.tell_of_lost_access(harbour.pk) == 0

    assert operations.tell_of_lost_access(harbour.pk) == 2


def _refuse(*_, **__):
    raise OSError("no mail server")


def test_losing_access_waits_for_no_mail_server(connection, monkeypatch):
    monkeypatch.setattr("portal.mail.send", _refuse)

    assert connection_operations.deauthorize(connection, reason=REASON)


def test_members_who_are_switched_off_are_not_told(harbour, lost, alice):
    with tenancy.entered(harbour.pk):
        harbour.memberships.filter(user=alice).update(is_enabled=False)

    operations.tell_of_lost_access(harbour.pk)

    assert receivers() == ["developer@harbour.example"]


def test_an_organization_that_wants_no_emails_gets_none(harbour, lost, connection):
    fail(connection)
    with tenancy.entered(harbour.pk):
        type(harbour).objects.filter(pk=harbour.pk).update(emails_failures=False)

    with time_machine.travel(MORNING, tick=False):
        assert operations.tell_of_lost_access(harbour.pk) == 0
        assert operations.send_digest(harbour.pk) == 0


# Seven in the morning in New York is noon in UTC.
MORNING = datetime(2026, 11, 30, 12, 5, tzinfo=UTC)


@pytest.fixture
def morning():
    with time_machine.travel(MORNING, tick=False):
        yield


def test_the_digest_is_there_in_the_morning_of_the_reader(harbour, connection):
    with time_machine.travel(MORNING - timedelta(hours=2), tick=False):
        fail(connection)
        operations.send_digest(harbour.pk)
        assert receivers() == ["developer@harbour.example"]  # in UTC it is ten

    with time_machine.travel(MORNING, tick=False):
        operations.send_digest(harbour.pk)
    assert receivers() == ["alice@harbour.example", "developer@harbour.example"]
    assert "30 November, 05:05 EST" in mail.outbox[1].body


def test_there_is_one_digest_a_day(harbour, connection, morning):
    fail(connection)

    assert operations.send_digest(harbour.pk) == 2
    assert operations.send_digest(harbour.pk) == 0

    with time_machine.travel(MORNING + timedelta(hours=23, minutes=59), tick=False):
        assert operations.send_digest(harbour.pk) == 2


def test_the_digest_names_what_failed_by_cause(harbour, connection, morning):
    fail(connection)
    fail(connection, "bills")
    other = CompanyFactory(organization=harbour, name="Quayside Mill")
    gone = ConnectionFactory(company=other)
    connection_operations.deauthorize(gone, reason=REASON)
    with tenancy.entered(harbour.pk):
        Connection.objects.filter(pk=gone.pk).update(status_changed_at=MORNING)

    operations.send_digest(harbour.pk)

    body = str(mail.outbox[0].body)
    assert "Eastgate & Sons, Sandbox: Bills, Invoices." in body
    assert body.count("The platform did not answer.") == 1
    assert f"Quayside Mill: access to Sandbox was lost on 30 November, 12:05 UTC. {REASON}" in (
        str(mail.outbox[1].body)
    )
    assert "http://127.0.0.1:8000/o/harbour/monitor/" in body


@pytest.mark.parametrize("why", ["nothing failed", "it works again", "it is long ago"])
def test_without_failures_there_is_no_digest(harbour, connection, morning, why):
    if why != "nothing failed":
        pull = fail(connection)
        with tenancy.entered(harbour.pk):
            if why == "it works again":
                DataStatus.objects.update(failures=0)
            else:
                Pull.objects.filter(pk=pull.pk).update(completed_at=MORNING - timedelta(days=2))

    assert operations.send_digest(harbour.pk) == 0
    with tenancy.entered(harbour.pk):
        assert not Notice.objects.exists()


def test_others_hear_nothing(harbour, lost, connection, other_organization):
    assert operations.tell_of_lost_access(other_organization.pk) == 0
    assert operations.send_digest(other_organization.pk) == 0


def test_the_clock_rings_for_those_who_have_something_to_tell(
    harbour, connection, other_organization, monkeypatch
):
    rung = []
    for task in (tasks.tell_of_lost_access, tasks.send_digest):
        monkeypatch.setattr(
            task, "apply_async", lambda kwargs, **_: rung.append(kwargs["organization_id"])
        )
    beat.look_for_lost_access()
    beat.look_for_failures()
    assert rung == []

    fail(connection)
    beat.look_for_failures()
    connection_operations.deauthorize(connection, reason=REASON)
    beat.look_for_lost_access()
    assert rung == [str(harbour.pk)] * 2
