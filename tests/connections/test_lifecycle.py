from datetime import timedelta

import pytest
from django.utils import timezone

from companies.models import Event
from connections import lifecycle, sealing
from connections.models import (
    Connection,
    ConnectionError,  # noqa: A004 - the public API's word
    StoredCredentials,
)
from connections.oauth import Authorization
from connections.operations import (
    AlreadyConnected,
    DifferentBusiness,
    NotLinked,
    complete_authorization,
    create_connection,
    deauthorize,
    delete_connection,
    fail_authorization,
    report_error,
    resolve_errors,
    unlink,
)
from connections.platforms.base import Credentials, Identity
from portal.crypto import Undecryptable
from tests.factories import ConnectionFactory

Status = Connection.Status


def authorization(connection: Connection, *, business: str = "biz-1", serial: int = 1):
    return Authorization(
        organization_id=connection.organization_id,
        connection_id=connection.pk,
        credentials=Credentials(
            access_token=f"access-{serial}",
            refresh_token=f"refresh-{serial}",
            expires_at=timezone.now() + timedelta(minutes=30),
            scope="accounting.read",
        ),
        identity=Identity(id=business, name=f"Business {business}"),
    )


def steps(connection: Connection) -> list[tuple[str, str, str]]:
    return list(
        connection.transitions.order_by("occurred_at", "id").values_list(
            "kind", "from_status", "to_status"
        )
    )


def events() -> list[str]:
    return list(Event.objects.order_by("occurred_at").values_list("type", flat=True))


@pytest.fixture
def pending(company, alice) -> Connection:
    return create_connection(company, platform="sandbox", actor=alice)


@pytest.fixture
def linked(pending) -> Connection:
    return complete_authorization(authorization(pending))


def test_a_new_connection_waits_for_authorization(pending, alice):
    assert (pending.status, pending.source_type) == (Status.PENDING_AUTH, "Accounting")
    assert steps(pending) == [("started", "", "PendingAuth")]
    assert events() == ["connection.created"]
    assert pending.created_by == alice


def test_a_platform_nobody_knows_is_refused(company):
    with pytest.raises(KeyError):
        create_connection(company, platform="abacus")


def test_consent_links(linked):
    linked.refresh_from_db()

    assert linked.status == Status.LINKED
    assert linked.first_linked_at is not None
    assert linked.platform_company_name == "Business biz-1"
    assert steps(linked)[1:] == [("completed", "PendingAuth", "Linked")]
    assert events()[1:] == ["connection.connected"]
    assert sealing.load(linked).credentials.access_token == "access-1"


def test_a_failed_authorization_stays_pending_and_says_why(pending):
    fail_authorization(
        pending,
        status_code="403",
        status_text="User cancelled linking",
        message="User cancelled",
    )

    pending.refresh_from_db()
    assert (pending.mark, pending.has_active_error) == ("pending", True)
    (error,) = pending.errors.all()
    assert (error.status_code, error.status_text) == ("403", "User cancelled linking")
    assert error.is_active
    assert steps(pending)[1:] == [("failed", "PendingAuth", "PendingAuth")]
    assert events()[1:] == ["connection.failed"]


def test_linking_resolves_earlier_errors(pending):
    fail_authorization(pending, status_code="403", status_text="x", message="y")

    connection = complete_authorization(authorization(pending))

    assert connection.mark == "linked"
    assert not connection.errors.get().is_active


def test_cancelling_a_reconnect_leaves_what_works_green(linked):
    fail_authorization(linked, status_code="403", status_text="x", message="y")

    linked.refresh_from_db()
    assert linked.mark == "linked"
    assert linked.errors.get().resolved_at is not None
    assert steps(linked)[-1] == ("failed", "Linked", "Linked")


@pytest.mark.parametrize("end", ["unlink", "deauthorize"])
def test_linking_again_is_the_same_connection(linked, end, alice):
    if end == "unlink":
        unlink(linked, actor=alice, reason="By request")
    else:
        deauthorize(linked, reason="Revoked at the platform")
    since = linked.first_linked_at

    again = complete_authorization(authorization(linked, serial=2))

    assert (again.pk, again.status, again.first_linked_at) == (linked.pk, Status.LINKED, since)
    assert steps(again)[-1] == ("reconnected", linked.status, "Linked")
    assert events()[-1] == "connection.reconnected"
    assert sealing.load(again).credentials.access_token == "access-2"


def test_reconnecting_what_is_linked_replaces_the_credentials(linked):
    complete_authorization(authorization(linked, serial=2))

    row = StoredCredentials.objects.get()
    assert (row.version, sealing.opened(row).access_token) == (2, "access-2")
    assert steps(linked)[-1] == ("reconnected", "Linked", "Linked")


def test_another_business_is_refused(linked):
    deauthorize(linked, reason="x")

    with pytest.raises(DifferentBusiness):
        complete_authorization(authorization(linked, business="biz-2"))

    linked.refresh_from_db()
    assert (linked.status, linked.platform_company_id) == (Status.DEAUTHORIZED, "biz-1")
    assert not StoredCredentials.objects.exists()


def test_a_second_accounting_connection_is_refused(linked, company):
    second = create_connection(company, platform="sandbox")

    with pytest.raises(AlreadyConnected):
        complete_authorization(authorization(second, business="biz-2"))

    second.refresh_from_db()
    assert second.status == Status.PENDING_AUTH


def test_a_second_commerce_connection_is_welcome(linked, company):
    shop = ConnectionFactory.create(
        company=company, source_type="Commerce", status=Status.PENDING_AUTH
    )

    assert complete_authorization(authorization(shop, business="shop")).is_linked


def test_unlinking_keeps_the_connection_and_forgets_the_tokens(linked, alice):
    unlink(linked, actor=alice, reason="By request")

    linked.refresh_from_db()
    assert linked.mark == "unlinked"
    assert not StoredCredentials.objects.exists()
    step = linked.transitions.get(kind="unlinked")
    assert (step.reason, step.actor) == ("By request", alice)
    assert events()[-1] == "connection.unlinked"


@pytest.mark.parametrize("status", [Status.PENDING_AUTH, Status.UNLINKED, Status.DEAUTHORIZED])
def test_only_a_linked_connection_can_be_unlinked(company, status):
    connection = ConnectionFactory.create(company=company, status=status)

    with pytest.raises(NotLinked):
        unlink(connection, actor=None, reason="")

    connection.refresh_from_db()
    assert connection.status == status
    assert steps(connection) == []


def test_tokens_are_revoked_once_unlinking_is_certain(
    linked, platform, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        unlink(linked, actor=None, reason="")
    assert platform.revoked == []

    for callback in callbacks:
        callback()

    assert platform.revoked == ["refresh-1"]


def test_a_platform_that_is_down_does_not_keep_us_from_unlinking(
    linked, settings, caplog, django_capture_on_commit_callbacks
):
    settings.SANDBOX_URL = "http://127.0.0.1:9"

    with django_capture_on_commit_callbacks(execute=True):
        unlink(linked, actor=None, reason="")

    linked.refresh_from_db()
    assert linked.status == Status.UNLINKED
    assert "could not revoke tokens at sandbox" in caplog.text


def test_access_is_lost_once(linked):
    assert deauthorize(linked, reason="Revoked at the platform")
    assert not deauthorize(linked, reason="Revoked at the platform")

    linked.refresh_from_db()
    assert linked.mark == "deauthorized"
    assert linked.errors.get().status_code == "401"
    assert events().count("connection.deauthorized") == 1
    assert not StoredCredentials.objects.exists()


def test_what_is_not_linked_is_not_deauthorized(pending):
    assert not deauthorize(pending, reason="x")

    pending.refresh_from_db()
    assert pending.status == Status.PENDING_AUTH


def test_deleting_is_remembered_though_the_connection_is_gone(
    linked, platform, alice, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        delete_connection(linked, actor=alice)

    assert not Connection.objects.exists()
    assert platform.revoked == ["refresh-1"]
    event = Event.objects.get(type="connection.deleted")
    assert event.payload["company"]["name"] == "Eastgate Roasters"
    kept = event.payload["connection"]
    assert kept["id"] == str(event.connection_id)
    assert (kept["platform"], kept["sourceType"]) == ("sandbox", "Accounting")
    assert kept["status"] == event.payload["status"] == "Linked"


def test_an_error_turns_linked_red_until_it_works_again(linked):
    report_error(linked, status_code="500", status_text="Unreachable", message="No answer")
    report_error(linked, status_code="500", status_text="Unreachable", message="No answer")

    linked.refresh_from_db()
    assert linked.mark == "error"
    assert linked.errors.count() == 1

    resolve_errors(linked)

    linked.refresh_from_db()
    assert linked.mark == "linked"
    assert not ConnectionError.objects.filter(resolved_at=None).exists()


def test_a_move_from_a_state_it_has_left_is_refused(linked):
    stale = Connection.objects.get(pk=linked.pk)
    unlink(linked, actor=None, reason="")

    with pytest.raises(NotLinked):
        lifecycle.unlinked(stale, actor=None, reason="")


def test_tokens_are_sealed_for_their_row_and_field(linked, company):
    row = StoredCredentials.objects.get()
    other = ConnectionFactory.create(company=company, status=Status.UNLINKED)

    assert b"access-1" not in bytes(row.access_token) + bytes(row.refresh_token)
    row.refresh_token = row.access_token
    with pytest.raises(Undecryptable):
        sealing.opened(row)
    row.refresh_from_db()
    row.connection = other
    with pytest.raises(Undecryptable):
        sealing.opened(row)


def test_tokens_do_not_print_themselves(linked):
    assert "access-1" not in repr(sealing.load(linked))
    assert "refresh-1" not in repr(authorization(linked))
