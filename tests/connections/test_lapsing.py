"""Authorizations that would end by themselves are renewed in time, or people are warned."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from companies import tenancy
from companies.models import Event
from connections import beat, lapsing, sealing, tasks
from connections.models import Connection, StoredCredentials
from connections.platforms.base import Credentials
from notices import beat as notices_beat
from notices import tasks as notices_tasks
from sync.models import Pull
from tests.factories import CompanyFactory, ConnectionFactory
from tests.fake_platform import FakePlatform

DAY = timedelta(days=1)


@pytest.fixture
def idle(organization, company, platform) -> Connection:
    """A connection that nobody used for 20 of the 60 days that its platform waits."""
    return link(company, platform, days=20)


def link(company, platform: FakePlatform, *, days: float, lives: float = 60) -> Connection:
    connection = ConnectionFactory(company=company)
    sealing.store(
        connection,
        Credentials(access_token="access", refresh_token=str(platform.grant()["refresh_token"])),
    )
    move(connection, days=days, lives=lives)
    return connection


def move(connection: Connection, *, days: float, lives: float = 60) -> None:
    """Have it renewed so many days ago, as by a platform that forgets it after so many."""
    refreshed_at = timezone.now() - days * DAY
    StoredCredentials.objects.filter(connection=connection).update(
        refreshed_at=refreshed_at, refresh_expires_at=refreshed_at + lives * DAY
    )


def look(organization) -> int:
    return tasks.keep_alive(organization_id=str(organization.pk))


def warnings() -> list[str]:
    return list(
        Event.objects.filter(type="connection.lapsing")
        .order_by("occurred_at")
        .values_list("summary", flat=True)
    )


@pytest.fixture
def rung(monkeypatch) -> list[str]:
    """Tasks that the clock rings for, carried out at once."""
    told: list[str] = []

    def ring(task, *, expires, **ids) -> None:
        told.append(task.name)
        task(**{name: str(value) for name, value in ids.items()})

    monkeypatch.setattr("portal.ringing.ring", ring)
    return told


def test_what_nobody_used_for_long_is_renewed_without_a_pull(idle, platform, rung):
    assert beat.look_for_idle() == 1

    assert rung == ["connections.tasks.keep_alive"]
    assert platform.refreshes == 1
    assert sealing.load(idle).credentials.refresh_token == platform.current
    assert not Pull.objects.exists()


def test_what_was_used_lately_is_left_alone(idle, organization, platform):
    move(idle, days=6)

    assert look(organization) == 0
    assert platform.refreshes == 0


def test_a_platform_of_little_patience_is_asked_sooner(idle, organization, platform):
    move(idle, days=0.5, lives=1)

    assert look(organization) == 1


def test_keys_that_never_end_are_left_alone(idle, organization, platform):
    StoredCredentials.objects.update(refresh_expires_at=None)

    assert look(organization) == 0


def test_a_connection_out_of_use_is_left_alone(idle, organization, platform):
    Connection.objects.update(status=Connection.Status.UNLINKED)

    assert look(organization) == 0


def test_what_fell_idle_at_once_is_not_renewed_at_once():
    refreshed_at = timezone.now() - 7.5 * DAY
    due = [
        lapsing._is_idle(
            StoredCredentials(
                connection=Connection(pk=UUID(int=number), platform="sandbox"),
                refreshed_at=refreshed_at,
                refresh_expires_at=refreshed_at + 60 * DAY,
            ),
            timezone.now(),
        )
        for number in range(1000)
    ]

    assert 400 < sum(due) < 600


def test_an_outage_is_waited_out(idle, organization, platform):
    platform.failures = [503]

    assert look(organization) == 0
    idle.refresh_from_db()
    assert idle.is_linked
    assert look(organization) == 1


def test_an_authorization_that_has_ended_is_told_of(idle, organization, platform):
    platform.end()

    assert look(organization) == 0
    idle.refresh_from_db()
    assert idle.status == Connection.Status.DEAUTHORIZED
    assert look(organization) == 0
    assert platform.refreshes == 1


def test_one_that_fails_keeps_no_other_from_being_renewed(idle, organization, platform):
    other = link(CompanyFactory(organization=organization), platform, days=21)
    StoredCredentials.objects.filter(connection=idle).update(access_token=b"spoilt")

    assert look(organization) == 1
    assert sealing.load(other).version == 2
    idle.refresh_from_db()
    assert idle.mark == "error"


def test_people_are_warned_14_and_3_days_before_the_end_once_each(
    idle, organization, company, platform, rung, client, membership
):
    url = reverse("connections:panel", args=["harbour", company.pk, idle.pk])

    def told(days_left: float) -> tuple[int, int]:
        platform.failures = [503]
        move(idle, days=60 - days_left)
        beat.look_for_idle()
        notices_beat.look_for_lapses()
        return len(warnings()), len(mail.outbox)

    assert told(15) == (0, 0)
    assert "The authorization ends" not in client.get(url).content.decode()
    assert told(13.9) == (1, 1)
    assert told(10) == (2, 2)  # another end by days: it was moved with the clock
    StoredCredentials.objects.update(warned_of=timezone.now() + 2.9 * DAY)
    assert told(2.9) == (3, 3)
    assert told(2.9) == (3, 3)

    assert "The authorization ends" in client.get(url).content.decode()
    assert "Eastgate Roasters will soon lose its link to Sandbox" in mail.outbox[-1].subject
    assert f"/companies/{company.pk}/connections/{idle.pk}/link-url" in mail.outbox[-1].body
    assert "unless the customer authorizes again" in warnings()[-1]
    assert "notices.tasks.tell_of_lapses" in rung


def test_a_renewed_authorization_is_not_warned_of_any_more(idle, organization, platform, client):
    move(idle, days=50)
    assert lapsing.warn(organization.pk) == 1

    platform.failures = []
    assert look(organization) == 1

    assert lapsing.lapses(organization.pk) == []
    assert notices_tasks.tell_of_lapses(organization_id=str(organization.pk)) == 0


def test_authorizing_again_forgets_the_warning(idle, organization, platform):
    move(idle, days=50)
    lapsing.warn(organization.pk)

    sealing.store(idle, Credentials(access_token="anew", refresh_token="anew"))

    row = StoredCredentials.objects.get(connection=idle)
    assert (row.warned_of, row.warned_days) == (None, None)


@pytest.mark.parametrize(
    ("days_ago", "lives", "expected"),
    [(50, 0, [14]), (58, 0, [3]), (30, 0, []), (1, 10, [14]), (1, 3, [3])],
    ids=["idle", "idle for longer", "in time", "an end of its own", "one that is near"],
)
def test_an_end_of_its_own_counts_even_right_after_a_renewal(
    organization, company, days_ago, lives, expected
):
    xero = ConnectionFactory(company=company, platform="xero")
    sealing.store(xero, Credentials(access_token="a", refresh_token="r"))
    refreshed_at = timezone.now() - days_ago * DAY
    StoredCredentials.objects.update(
        refreshed_at=refreshed_at,
        refresh_expires_at=refreshed_at + lives * DAY if lives else None,
    )

    with tenancy.entered(organization.pk):
        assert [lapse.days for lapse in lapsing.lapses(organization.pk)] == expected
