"""Two at once, each on a connection to the database of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from companies import tenancy
from companies.models import Company, Event
from connections import credentials as refreshing
from connections import links, sealing
from connections.models import AuthorizationAttempt, Connection, LinkUrl
from connections.oauth import Authorization
from connections.operations import (
    AlreadyConnected,
    Deleted,
    NotLinked,
    complete_authorization,
    create_connection,
    deauthorize,
    unlink,
)
from connections.platforms.base import AuthorizationRevoked, Credentials, Identity
from link import operations
from sync import deletion
from tests.factories import CompanyFactory, ConnectionFactory, OrganizationFactory
from tests.fake_platform import FakePlatform

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[object]:
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            barrier.wait()
            return act()
        except (AlreadyConnected, AuthorizationRevoked, Deleted, NotLinked) as refusal:
            return type(refusal)
        finally:
            database.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def company() -> Company:
    return CompanyFactory.create(organization=OrganizationFactory.create())


def authorization(connection: Connection) -> Authorization:
    return Authorization(
        organization_id=connection.organization_id,
        connection_id=connection.pk,
        credentials=Credentials(
            access_token="a", refresh_token="r", expires_at=timezone.now() + timedelta(minutes=30)
        ),
        identity=Identity(id="biz", name="Business"),
    )


def test_of_two_platforms_authorized_at_once_one_is_linked(company):
    first, second = (create_connection(company, platform="sandbox") for _ in range(2))

    outcomes = at_once(
        lambda: complete_authorization(authorization(first)),
        lambda: complete_authorization(authorization(second)),
    )

    assert AlreadyConnected in outcomes
    with tenancy.entered(company.organization_id):
        assert Connection.objects.linked().count() == 1


def test_pressing_the_button_twice_makes_one_connection(company, settings):
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    link = links.latest(company)

    at_once(*[lambda: operations.start(link, platform="sandbox", browser="b") for _ in range(4)])

    with tenancy.entered(company.organization_id):
        assert Connection.objects.count() == 1
        assert AuthorizationAttempt.objects.count() == 4


def test_unlinking_and_losing_access_at_once_happens_once(company):
    connection = ConnectionFactory.create(company=company)

    at_once(
        lambda: unlink(connection, actor=None, reason="x"),
        lambda: deauthorize(connection, reason="y"),
    )

    with tenancy.entered(company.organization_id):
        assert connection.transitions.count() == 1
        assert Event.objects.count() == 1


def test_losing_access_at_once_breaks_no_authorization(company):
    connection = ConnectionFactory.create(company=company)

    outcomes = at_once(
        *[lambda: complete_authorization(authorization(connection))] * 3,
        *[lambda: deauthorize(connection, reason="y")] * 3,
    )

    linked = [outcome for outcome in outcomes if isinstance(outcome, Connection)]
    assert len(linked) == 3


def test_deleting_at_once_is_remembered_once(company):
    connection = ConnectionFactory.create(company=company)

    outcomes = at_once(*[lambda: deletion.delete_connection(connection, actor=None)] * 3)
    outcomes += at_once(*[lambda: deletion.delete_company(company, actor=None)] * 3)

    assert outcomes.count(Deleted) == 4
    with tenancy.entered(company.organization_id):
        types = Event.objects.order_by("occurred_at").values_list("type", flat=True)
        assert list(types) == ["connection.deleted", "company.deleted"]


def test_a_refresh_that_ends_while_unlinking_leaves_no_token_alive(company, settings):
    with FakePlatform() as platform:
        settings.SANDBOX_URL = platform.url
        connection = ConnectionFactory.create(company=company)
        with tenancy.entered(company.organization_id):
            sealing.store(connection, authorization(connection).credentials)
        lease = refreshing._take_lease(connection, version=1)
        assert lease is not None
        fresh = replace(lease.current, refresh_token="fresh")

        at_once(
            lambda: unlink(connection, actor=None, reason="x"),
            lambda: refreshing._keep(connection, lease, fresh),
        )

        assert "fresh" in platform.revoked


def test_looking_at_a_link_url_at_once_makes_one(company):
    urls = at_once(*[lambda: links.link_url(company) for _ in range(4)])

    assert len(set(urls)) == 1
    with tenancy.entered(company.organization_id):
        assert LinkUrl.objects.count() == 1


def test_renewing_at_once_leaves_one_in_force(company):
    at_once(*[lambda: links.renew(company, actor=None) for _ in range(4)])

    with tenancy.entered(company.organization_id):
        assert LinkUrl.objects.filter(revoked_at=None).count() == 1


def test_storing_credentials_again_tells_a_refresher_of_the_old_ones(company):
    connection = ConnectionFactory.create(company=company)
    with tenancy.entered(company.organization_id):
        for _ in range(2):
            sealing.store(connection, authorization(connection).credentials)

    assert sealing.load(connection).version == 2
