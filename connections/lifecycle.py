"""A connection's states and the only ways between them.

Every move is a compare-and-set on the status, and writes its step of the timeline and its event in
the same transaction: of two who try the same move, one makes it.
"""

from typing import Any

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from companies import events, tenancy
from companies.facts import company_facts
from companies.models import Actor, Company, EventType, key_of, name_of, person
from connections.facts import connection_facts
from connections.models import (
    Connection,
    ConnectionError,  # noqa: A004 - the public API's word
    StoredCredentials,
    Transition,
)
from connections.platforms import get_platform

Status = Connection.Status


class NotLinked(Exception):
    """Only a linked connection can be unlinked."""


def create_connection(company: Company, *, platform: str, actor: Actor | None = None) -> Connection:
    """Note that the company is to authorize this platform; nothing is shared yet.

    :raises KeyError: when there is no such platform.
    """
    adapter = get_platform(platform)
    with tenancy.entered(company.organization_id):
        connection = Connection.objects.create(
            organization_id=company.organization_id,
            company=company,
            platform=adapter.key,
            source_type=adapter.source_type,
            created_by=person(actor),
        )
        _remember(connection, Transition.Kind.STARTED, from_status="", actor=actor)
        record_event(
            connection, EventType.CONNECTION_CREATED, f"added a {adapter.name} connection", actor
        )
    return connection


def authorized(connection: Connection, *, actor: Actor | None = None) -> None:
    """Turn Linked, for the first time or again; the caller has stored the credentials.

    No actor is the customer.
    """
    before = connection.status
    kind = Transition.Kind.RECONNECTED if connection.first_linked_at else Transition.Kind.COMPLETED
    first = {} if connection.first_linked_at else {"first_linked_at": Now()}
    if not _move(connection, before, Status.LINKED, **first):
        raise Connection.NotUpdated(f"{connection.pk} changed while it was linked")
    resolve_errors(connection)
    _remember(connection, kind, from_status=before, actor=actor)
    name = connection.platform_name
    if kind == Transition.Kind.COMPLETED:
        record_event(connection, EventType.CONNECTION_CONNECTED, f"linked {name}", actor)
    else:
        record_event(connection, EventType.CONNECTION_RECONNECTED, f"linked {name} again", actor)


def fail_authorization(
    connection: Connection, *, status_code: str, status_text: str, message: str
) -> None:
    """Note why an authorization did not come about; the connection stays what it was."""
    with tenancy.entered(connection.organization_id):
        connection.refresh_from_db()
        _add_error(
            connection,
            status_code=status_code,
            status_text=status_text,
            message=message,
            # What was authorized before still works: nothing there for anybody to repair.
            resolved_at=Now() if connection.is_linked else None,
        )
        _remember(connection, Transition.Kind.FAILED, from_status=connection.status, reason=message)
        record_event(
            connection,
            EventType.CONNECTION_FAILED,
            f"did not finish linking {connection.platform_name}: {message}",
        )


def deauthorize(connection: Connection, *, reason: str, status_code: str = "401") -> bool:
    """Note that the platform no longer lets us in; answer whether this call was the first to.

    The credentials are deleted: they open nothing any more.
    """
    with tenancy.entered(connection.organization_id):
        if not _move(connection, Status.LINKED, Status.DEAUTHORIZED):
            return False
        StoredCredentials.objects.filter(connection=connection).delete()
        _add_error(connection, status_code=status_code, status_text="Access lost", message=reason)
        _remember(
            connection, Transition.Kind.DEAUTHORIZED, from_status=Status.LINKED, reason=reason
        )
        record_event(
            connection,
            EventType.CONNECTION_DEAUTHORIZED,
            f"lost access to {connection.platform_name}: {reason}",
        )
    return True


def unlinked(connection: Connection, *, actor: Actor | None, reason: str) -> None:
    """Give up access; what was pulled stays. The caller gives the tokens back.

    :raises NotLinked: when there is no access to give up.
    """
    if not _move(connection, Status.LINKED, Status.UNLINKED):
        raise NotLinked(_("%(platform)s is not linked.") % {"platform": connection.platform_name})
    StoredCredentials.objects.filter(connection=connection).delete()
    _remember(
        connection, Transition.Kind.UNLINKED, from_status=Status.LINKED, reason=reason, actor=actor
    )
    record_event(
        connection,
        EventType.CONNECTION_UNLINKED,
        f"unlinked {connection.platform_name}",
        actor,
    )


def report_error(
    connection: Connection, *, status_code: str, status_text: str, message: str
) -> bool:
    """Note that something is wrong at the platform; answer whether it was not noted already."""
    with tenancy.entered(connection.organization_id):
        known = ConnectionError.objects.filter(
            connection=connection,
            status_code=status_code,
            status_text=status_text[:200],
            error_message=message,
            resolved_at=None,
        )
        if known.exists():
            return False
        _add_error(connection, status_code=status_code, status_text=status_text, message=message)
        events.announce(connection.organization_id, connection.company_id)
    return True


def report_unreadable(connection: Connection, *, message: str) -> None:
    """Note that what the platform would be asked with cannot be decrypted; it stays linked."""
    with tenancy.entered(connection.organization_id):
        if report_error(
            connection, status_code="500", status_text="Cannot be decrypted", message=message
        ):
            record_event(
                connection,
                EventType.CONNECTION_UNREADABLE,
                f"could not use {connection.platform_name}: {message}",
            )


def resolve_errors(connection: Connection) -> None:
    """Note that it works again."""
    with tenancy.entered(connection.organization_id):
        resolved = ConnectionError.objects.filter(connection=connection, resolved_at=None).update(
            resolved_at=Now()
        )
        if resolved:
            Connection.objects.filter(pk=connection.pk).update(has_active_error=False)
            events.announce(connection.organization_id, connection.company_id)
    connection.has_active_error = False


def record_event(
    connection: Connection, event_type: EventType, summary: str, actor: Actor | None = None
) -> None:
    events.record(
        event_type,
        organization_id=connection.organization_id,
        company_id=connection.company_id,
        connection_id=connection.pk,
        actor=actor,
        summary=summary,
        # The payload outlives the connection: webhooks of a deleted one still name it.
        payload={
            "platform": connection.platform,
            "sourceType": connection.source_type,
            "status": str(connection.status),
            "company": company_facts(connection.company),
            "connection": connection_facts(connection),
        },
    )


def _move(connection: Connection, from_status: str, to_status: Status, **changes: Any) -> bool:
    moved = Connection.objects.filter(pk=connection.pk, status=from_status).update(
        status=to_status, status_changed_at=Now(), **changes
    )
    if moved:
        connection.refresh_from_db(fields=["status", "status_changed_at", *changes])
    return bool(moved)


def _remember(
    connection: Connection,
    kind: Transition.Kind,
    *,
    from_status: str,
    reason: str = "",
    actor: Actor | None = None,
) -> None:
    Transition.objects.create(
        organization_id=connection.organization_id,
        connection=connection,
        kind=kind,
        from_status=from_status,
        to_status=connection.status,
        reason=reason[:400],
        actor=person(actor),
        actor_name=name_of(actor),
        actor_key_id=key_of(actor),
    )


def _add_error(
    connection: Connection,
    *,
    status_code: str,
    status_text: str,
    message: str,
    resolved_at: Now | None = None,
) -> None:
    ConnectionError.objects.create(
        organization_id=connection.organization_id,
        connection=connection,
        status_code=status_code,
        status_text=status_text[:200],
        error_message=message,
        resolved_at=resolved_at,
    )
    if resolved_at is None:
        Connection.objects.filter(pk=connection.pk).update(has_active_error=True)
        connection.has_active_error = True
