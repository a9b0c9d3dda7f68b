"""The refresh protocol, with racers on real connections to the database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from companies import tenancy
from companies.models import Event
from connections import credentials as refreshing
from connections import sealing
from connections.credentials import open_platform, renew_after_401
from connections.models import Connection, StoredCredentials
from connections.operations import unlink
from connections.platforms.base import (
    AuthorizationRevoked,
    Credentials,
    Unexpected,
    Unreachable,
)
from tests.factories import CompanyFactory, ConnectionFactory, OrganizationFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def linked(platform) -> Connection:
    """A linked connection whose access token is about to expire."""
    connection = ConnectionFactory.create(
        company=CompanyFactory.create(organization=OrganizationFactory.create())
    )
    grant = platform.grant()
    with tenancy.entered(connection.organization_id):
        sealing.store(
            connection,
            Credentials(
                access_token=str(grant["access_token"]),
                refresh_token=str(grant["refresh_token"]),
                expires_at=timezone.now() + timedelta(minutes=30),
            ),
        )
    expire(connection)
    return connection


def expire(connection: Connection) -> None:
    change(
        connection,
        expires_at=datetime.now(UTC) + timedelta(seconds=20),
        refreshed_at=datetime.now(UTC) - timedelta(minutes=30),
    )


def change(connection: Connection, **fields: object) -> None:
    with tenancy.entered(connection.organization_id):
        StoredCredentials.objects.filter(connection=connection).update(**fields)


def stored(connection: Connection) -> StoredCredentials:
    with tenancy.entered(connection.organization_id):
        return StoredCredentials.objects.get(connection=connection)


def reread(connection: Connection) -> Connection:
    with tenancy.entered(connection.organization_id):
        return Connection.objects.get(pk=connection.pk)


def events_of(connection: Connection) -> list[str]:
    with tenancy.entered(connection.organization_id):
        return list(
            Event.objects.filter(connection_id=connection.pk).values_list("type", flat=True)
        )


def use(connection: Connection) -> str:
    with open_platform(connection) as platform:
        return platform.credentials.access_token


def race(racers: int, act) -> list[object]:
    """Start all at once, each on a connection to the database of its own."""
    barrier = threading.Barrier(racers)

    def run() -> object:
        try:
            barrier.wait()
            return act()
        except Exception as error:  # noqa: BLE001 - what came of each is what the test looks at
            return error
        finally:
            database.close()

    with ThreadPoolExecutor(racers) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(racers)]]


def test_credentials_that_are_good_for_a_while_are_used_as_they_are(linked, platform):
    change(linked, expires_at=timezone.now() + timedelta(minutes=30), refreshed_at=timezone.now())

    assert use(linked) == "access-1"
    assert platform.refreshes == 0


def test_a_refresh_is_committed_and_keeps_the_token_before_it(linked, platform):
    assert use(linked) == "access-2"

    row = stored(linked)
    assert (row.version, row.intent_at, row.lease_until) == (2, None, None)
    assert sealing.opened(row).refresh_token == platform.current == "refresh-2"
    assert sealing.previous_refresh_token(row) == "refresh-1"
    assert platform.requests[0]["client"] == "ledgerport:client-secret"


def test_tokens_of_a_few_minutes_are_not_renewed_at_every_use(linked, platform):
    platform.expires_in = 120

    use(linked)
    use(linked)

    assert platform.refreshes == 1


@pytest.mark.parametrize("racers", [2, 10])
def test_the_platform_sees_one_refresh_whoever_races(linked, platform, racers):
    platform.slow = 0.3

    tokens = race(racers, lambda: use(linked))

    assert tokens == ["access-2"] * racers
    assert (platform.refreshes, platform.reuses) == (1, 0)


def test_racers_after_a_401_share_one_refresh(linked, platform):
    seen = sealing.load(linked).credentials
    platform.slow = 0.2

    fresh = race(4, lambda: renew_after_401(linked, seen).access_token)

    assert fresh == ["access-2"] * 4
    assert platform.refreshes == 1


def test_a_401_on_an_older_token_only_rereads(linked, platform):
    seen = sealing.load(linked).credentials
    use(linked)

    assert renew_after_401(linked, seen).access_token == "access-2"
    assert platform.refreshes == 1


def test_a_lost_answer_is_made_good_by_the_next_holder(linked, platform):
    platform.failures = ["lost"]
    platform.grace = True

    with pytest.raises(Unreachable):
        use(linked)
    assert stored(linked).intent_at is not None

    assert use(linked) == "access-3"
    assert sealing.opened(stored(linked)).refresh_token == platform.current
    assert reread(linked).is_linked


def test_after_a_lost_answer_the_token_before_is_offered_too(linked, platform):
    use(linked)
    expire(linked)
    # The platform went back to what it knew before the refresh whose answer it lost.
    platform._spent.clear()
    platform._current = "refresh-1"
    change(linked, intent_at=timezone.now())

    assert use(linked) == "access-3"
    assert [request["refresh_token"] for request in platform.requests[1:]] == [
        "refresh-2",
        "refresh-1",
    ]


def test_a_lost_answer_without_grace_ends_in_deauthorized_not_in_a_loop(linked, platform):
    platform.failures = ["lost"]
    with pytest.raises(Unreachable):
        use(linked)

    with pytest.raises(AuthorizationRevoked):
        use(linked)

    assert reread(linked).status == Connection.Status.DEAUTHORIZED


def test_a_holder_that_died_is_followed_once_its_lease_is_over(linked, platform):
    change(
        linked,
        lease_owner="dead",
        lease_until=timezone.now() + timedelta(seconds=0.4),
        intent_at=timezone.now(),
    )

    assert use(linked) == "access-2"


def test_a_holder_whose_process_ended_is_followed_at_once(linked, platform, dead_process):
    with_a_minute_left = timezone.now() + timedelta(minutes=1)
    change(linked, lease_owner=f"{dead_process}/1", lease_until=with_a_minute_left)

    assert use(linked) == "access-2"


def test_whoever_waits_too_long_for_a_lease_tries_again_later(linked, platform, monkeypatch):
    monkeypatch.setattr(refreshing, "_WAIT_SECONDS", 0.2)
    change(linked, lease_owner="slow", lease_until=timezone.now() + timedelta(seconds=20))

    with pytest.raises(Unreachable):
        use(linked)

    assert platform.refreshes == 0
    assert reread(linked).is_linked


def test_an_ended_authorization_deauthorizes_once(linked, platform):
    platform.end()
    platform.slow = 0.1

    outcomes = race(5, lambda: use(linked))

    assert [type(outcome) for outcome in outcomes] == [AuthorizationRevoked] * 5
    assert platform.refreshes == 1
    connection = reread(linked)
    assert connection.status == Connection.Status.DEAUTHORIZED
    assert events_of(linked) == ["connection.deauthorized"]
    with tenancy.entered(linked.organization_id):
        (error,) = connection.errors.all()
        (step,) = connection.transitions.all()
        assert not StoredCredentials.objects.filter(connection=linked).exists()
    assert (error.status_code, error.is_active) == ("401", True)
    assert step.reason == "The authorization at Sandbox has ended."


@pytest.mark.parametrize(
    ("failure", "raised"),
    [(500, Unreachable), (503, Unreachable), ("html", Unexpected), ("invalid_client", Unexpected)],
)
def test_an_outage_or_a_fault_of_ours_never_deauthorizes(linked, platform, failure, raised):
    platform.failures = [failure]

    with pytest.raises(raised):
        use(linked)

    assert reread(linked).is_linked
    assert stored(linked).lease_until is None
    assert use(linked) == "access-2"


def test_no_answer_at_all_never_deauthorizes(linked, settings):
    settings.SANDBOX_URL = "http://127.0.0.1:9"

    with pytest.raises(Unreachable):
        use(linked)

    assert reread(linked).is_linked


def test_no_transaction_is_open_while_the_platform_is_asked(linked, platform, monkeypatch):
    open_transactions = []
    ask = platform.token

    def spy(form):
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
            )
            open_transactions.append(cursor.fetchone()[0])
        database.close()
        return ask(form)

    monkeypatch.setattr(platform, "token", spy)
    use(linked)

    assert open_transactions == [0]


def test_unlinking_during_a_refresh_leaves_no_token_alive(linked, platform):
    platform.slow = 0.5
    outcome = []

    def refresh():
        outcome.extend(race(1, lambda: use(linked)))

    refresher = threading.Thread(target=refresh)
    refresher.start()
    while stored(linked).intent_at is None:
        pass
    unlink(linked, actor=None, reason="No longer a customer")
    refresher.join()

    assert isinstance(outcome[0], AuthorizationRevoked)
    assert platform.revoked == ["refresh-1", "refresh-2"]
    assert reread(linked).status == Connection.Status.UNLINKED


def test_an_authorization_given_meanwhile_survives_the_end_of_the_old_one(linked, platform):
    lease = refreshing._take_lease(linked, version=1)
    assert lease is not None
    with tenancy.entered(linked.organization_id):
        sealing.store(
            linked,
            Credentials(
                access_token="anew",
                refresh_token="anew",
                expires_at=timezone.now() + timedelta(minutes=30),
            ),
        )
    platform.end()

    renewed = refreshing._refresh(linked, lease)

    assert renewed.credentials.access_token == "anew"
    assert reread(linked).is_linked
    assert use(linked) == "anew"


def test_a_401_on_credentials_since_replaced_ends_nothing(linked, platform):
    refused = sealing.load(linked).credentials
    use(linked)

    refreshing.give_up(linked, refused, reason="401")

    assert reread(linked).is_linked
    refreshing.give_up(linked, sealing.load(linked).credentials, reason="401")
    assert not reread(linked).is_linked
    assert events_of(linked) == ["connection.deauthorized"]


def test_a_lease_is_measured_by_the_databases_clock(linked, platform, monkeypatch):
    lease = refreshing._take_lease(linked, version=1)
    assert lease is not None
    ahead = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: ahead)

    assert refreshing._take_lease(linked, version=1) is None


def test_a_connection_that_is_not_linked_opens_nothing(platform):
    pending = ConnectionFactory.create(
        company=CompanyFactory.create(organization=OrganizationFactory.create()),
        status=Connection.Status.PENDING_AUTH,
    )

    with pytest.raises(AuthorizationRevoked):
        use(pending)
