"""What is done to connections: the functions that views, tasks and other apps call."""

from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from companies import tenancy
from companies.models import Actor, Company, EventType
from connections import lifecycle, sealing
from connections.lifecycle import (
    NotLinked,
    create_connection,
    deauthorize,
    fail_authorization,
    report_error,
    resolve_errors,
)
from connections.models import Connection
from connections.oauth import Authorization, begin_authorization
from connections.platforms.base import AuthorizationRevoked, Credentials
from connections.revocation import give_back
from portal.crypto import Undecryptable

__all__ = [
    "AlreadyConnected",
    "Deleted",
    "DifferentBusiness",
    "NotLinked",
    "begin_authorization",
    "complete_authorization",
    "create_connection",
    "deauthorize",
    "delete_connection",
    "fail_authorization",
    "refuse_second_accounting",
    "report_error",
    "resolve_errors",
    "unlink",
]


class AlreadyConnected(Exception):
    """The company has another active accounting connection."""


class Deleted(Exception):
    """The connection, or its company, is no more."""


class DifferentBusiness(Exception):
    """The credentials open another business's books than the ones first linked."""


def refuse_second_accounting(connection: Connection) -> None:
    """:raises AlreadyConnected: when another accounting connection of the company is linked."""
    if not connection.is_accounting:
        return
    others = Connection.objects.linked().filter(
        company_id=connection.company_id, source_type=connection.source_type
    )
    other = others.exclude(pk=connection.pk).first()
    if other is not None:
        raise AlreadyConnected(f"{other.platform_name} is linked already.")


def complete_authorization(
    authorization: Authorization, *, actor: Actor | None = None
) -> Connection:
    """Store what the customer's consent gave, and turn Linked; one transaction.

    No actor is the customer.

    :raises AlreadyConnected: when another accounting connection was linked meanwhile.
    :raises DifferentBusiness: when these are not the books that were first linked here.
    :raises Deleted: when the connection was deleted while the customer was away.
    """
    organization_id, identity = authorization.organization_id, authorization.identity
    with tenancy.entered(organization_id):
        # One authorization of a company at a time, or two could each find no other linked; and
        # nobody else moves the connection meanwhile.
        companies = Company.objects.within(organization_id)
        companies.select_for_update(no_key=True, of=("self",)).filter(
            connections=authorization.connection_id
        ).first()
        connection = _locked(organization_id, authorization.connection_id)
        refuse_second_accounting(connection)
        if connection.platform_company_id not in {"", identity.id}:
            raise DifferentBusiness(
                f"This is a different business in {connection.platform_name} "
                "than the one linked before."
            )
        connection.platform_company_id = identity.id
        connection.platform_company_name = identity.name[:200]
        connection.save(update_fields=["platform_company_id", "platform_company_name"])
        sealing.store(connection, authorization.credentials)
        lifecycle.authorized(connection, actor=actor)
    return connection


def unlink(connection: Connection, *, actor: Actor | None, reason: str) -> None:
    """Give up access: nothing is pulled any more, what was pulled stays.

    :raises NotLinked: when the connection is not linked.
    :raises Deleted: when it is no more.
    """
    with tenancy.entered(connection.organization_id):
        credentials = _stored(_locked(connection.organization_id, connection.pk))
        lifecycle.unlinked(connection, actor=actor, reason=reason)
        _give_back_after_commit(connection, credentials)


def delete_connection(connection: Connection, *, actor: Actor | None) -> None:
    """Remove the connection for good; the caller has removed what was pulled through it.

    :raises Deleted: when somebody else did.
    """
    with tenancy.entered(connection.organization_id):
        credentials = _stored(_locked(connection.organization_id, connection.pk))
        lifecycle.record_event(
            connection,
            EventType.CONNECTION_DELETED,
            f"deleted the {connection.platform_name} connection",
            actor,
        )
        _give_back_after_commit(connection, credentials)
        connection.delete()


def _locked(organization_id: UUID, connection_id: UUID) -> Connection:
    """Take the connection as it is now; nobody else moves it until the commit."""
    found = (
        Connection.objects.within(organization_id)
        .select_for_update(no_key=True)
        .filter(pk=connection_id)
        .first()
    )
    if found is None:
        raise Deleted(_("The connection was deleted."))
    return found


def _stored(connection: Connection) -> Credentials | None:
    """Take the credentials, so that a refresh cannot replace them before they are given back."""
    try:
        return sealing.load(connection, for_update=True).credentials
    except (AuthorizationRevoked, Undecryptable):  # nothing to give back, or no way to
        return None


def _give_back_after_commit(connection: Connection, credentials: Credentials | None) -> None:
    if credentials is not None:
        give = partial(give_back, connection.organization_id, connection.platform, credentials)
        transaction.on_commit(give, robust=True)
