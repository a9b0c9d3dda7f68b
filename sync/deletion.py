"""A company or a connection goes for good, with everything that was pulled."""

import time
from uuid import UUID

from django.db import OperationalError, transaction
from django.db import connection as database
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from companies import events, tenancy
from companies.facts import company_facts
from companies.models import Actor, Company, EventType
from connections import operations as connection_operations
from connections.models import Connection
from connections.operations import Deleted
from files import operations as file_operations
from sync import events as pull_events
from sync.models import Pull

__all__ = ["Deleted", "delete_company", "delete_connection"]

#: Whoever deletes waits so long for a lock, lets go of all it has, and comes back after a pause.
_WAITS_MILLISECONDS = 250
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)


def delete_connection(connection: Connection, *, actor: Actor | None) -> None:
    """Remove a connection for good, with everything that was pulled over it.

    :raises Deleted: when somebody else did.
    """
    with tenancy.entered(connection.organization_id):
        _take_for_deletion(None, [connection.pk])
        _delete_connection(connection, actor=actor)


def delete_company(company: Company, *, actor: Actor | None) -> None:
    """Remove a company for good, with its connections, its files and everything that was pulled.

    :raises Deleted: when somebody else did.
    """
    with tenancy.entered(company.organization_id):
        connections = Connection.objects.filter(company=company).oldest_first()
        _take_for_deletion(company.pk, list(connections.values_list("pk", flat=True)))
        found = Company.objects.within(company.organization_id).filter(pk=company.pk).first()
        if found is None:
            raise Deleted(_("The company was deleted."))
        for connection in list(connections):
            _delete_connection(connection, actor=actor)
        file_operations.delete_of(company)
        events.record(
            EventType.COMPANY_DELETED,
            organization_id=company.organization_id,
            company_id=company.pk,
            actor=actor,
            summary=f"deleted the company “{company.name}”",
            payload={"name": company.name, "company": company_facts(found)},
        )
        company.delete()


def _take_for_deletion(company_id: UUID | None, connection_ids: list[UUID]) -> None:
    """Lock what is to be deleted, so that a page being staged is waited for, and goes with it.

    Whoever commits rows that refer to several of these locks them in any order. So this lets go of
    all when it would have to wait, and tries again: of two that wait for each other it gives way.
    """
    for pause in (*_PAUSES, None):
        try:
            with transaction.atomic(), database.cursor() as cursor:
                if pause is not None:
                    cursor.execute(f"SET LOCAL lock_timeout = {_WAITS_MILLISECONDS}")
                cursor.execute(
                    "SELECT FROM companies_company WHERE id = %s FOR UPDATE", [company_id]
                )
                for rows in (
                    "connections_connection WHERE id = ANY(%s)",
                    "sync_pull WHERE connection_id = ANY(%s)",
                ):
                    cursor.execute(
                        f"SELECT FROM {rows} ORDER BY id FOR UPDATE",
                        [connection_ids],
                    )
                cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
        except OperationalError as error:
            if pause is None or not isinstance(error.__cause__, LockNotAvailable):
                raise
            time.sleep(pause)
        else:
            return


def _delete_connection(connection: Connection, *, actor: Actor | None) -> None:
    pulls = Pull.objects.filter(connection_id=connection.pk)
    unfinished = set(pulls.active().values_list("batch", flat=True))
    _delete_pulled(connection.pk)
    connection_operations.delete_connection(connection, actor=actor)
    pull_events.record_rest(unfinished, connection.company)


def _delete_pulled(connection_id: UUID) -> None:
    """Delete records, which have no foreign keys; the rest goes with its connection."""
    with database.cursor() as cursor:
        for table in ("sync_stagedpage", "sync_stagedrecord"):
            cursor.execute(
                f"DELETE FROM {table} WHERE pull_id IN ("  # noqa: S608 - names above
                "SELECT id FROM sync_pull WHERE connection_id = %s)",
                [connection_id],
            )
        for table in ("sync_recordversion", "sync_record"):
            cursor.execute(
                f"DELETE FROM {table} WHERE connection_id = %s",  # noqa: S608 - names above
                [connection_id],
            )
