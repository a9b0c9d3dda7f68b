"""How the operator's staff get into an organization, and what they do there.

All of it is written to the organization's audit log, in the transaction in which it happens.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least, Now
from django.utils.translation import gettext_noop

from companies import audit, tenancy
from companies import operations as company_operations
from companies.models import AuditKind, Company, Organization, User
from connections import operations as connection_operations
from connections.models import Connection
from support.models import SupportGrant
from sync import operations as sync_operations
from sync.models import Pull


@dataclass(frozen=True, slots=True)
class Place:
    """An organization as somebody without a grant may know it."""

    id: UUID
    slug: str
    name: str


def find_place(organization_id: UUID) -> Place | None:
    with tenancy.system():
        found = Organization.objects.filter(pk=organization_id).values("id", "slug", "name").first()
    return Place(**found) if found else None


def grant_of(user: User) -> SupportGrant | None:
    """Return the grant in force by which this person may look into an organization."""
    with tenancy.as_user(user.pk):
        return SupportGrant.objects.filter(user=user).in_force().first()


def open_grant(user: User, organization_id: UUID, *, reason: str, lasts: timedelta) -> SupportGrant:
    """Let one of the staff in for a while; whatever other organization they were in is left."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # one click at a time
        _leave(user)
        with tenancy.entered(organization_id):
            grant = SupportGrant.objects.create(
                organization_id=organization_id,
                user=user,
                reason=" ".join(reason.split()),
                granted_at=Now(),
                expires_at=Now() + lasts,
            )
            grant.refresh_from_db()
            _note(
                grant,
                gettext_noop("opened access"),
                label="Support access",
                after={"reason": grant.reason, "until": f"{grant.expires_at:%Y-%m-%d %H:%M} UTC"},
            )
    return grant


def end_grant(user: User) -> None:
    """Give access back; without any there is nothing to do."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        _leave(user)


def rename_company(grant: SupportGrant, company: Company, *, name: str) -> None:
    """:raises companies.operations.NameMissing: when nothing is left of the name."""
    with tenancy.entered(grant.organization_id):
        former = Company.objects.within(grant.organization_id).get(pk=company.pk).name
        renamed = company_operations.rename_company(company, name=name, actor=grant.user)
        _note(
            grant,
            gettext_noop("renamed"),
            label=f"Company {renamed.name}",
            object_id=company.pk,
            before={"name": former},
            after={"name": renamed.name},
        )


def refresh_company(grant: SupportGrant, company: Company) -> sync_operations.Refresh:
    with tenancy.entered(grant.organization_id):
        refresh = sync_operations.refresh_company(company, requested_by=grant.user)
        _note(
            grant,
            gettext_noop("asked for fresh data"),
            label=f"Company {company.name}",
            object_id=company.pk,
            after={"pulls": len(refresh.queued)},
        )
    return refresh


def unlink(grant: SupportGrant, connection: Connection) -> None:
    """:raises connections.operations.NotLinked: and Deleted, as for members."""
    with tenancy.entered(grant.organization_id):
        connection_operations.unlink(
            connection, actor=grant.user, reason=f"Support unlinked it: {grant.reason}"
        )
        _note(grant, gettext_noop("unlinked"), label=_named(connection), object_id=connection.pk)


def retry_pull(grant: SupportGrant, pull: Pull) -> Pull:
    """:raises sync.operations.AlreadyRunning: NotLinked and NotSupported, as for members."""
    with tenancy.entered(grant.organization_id):
        again = sync_operations.retry_pull(pull, actor=grant.user)
        _note(grant, gettext_noop("pulled again"), label=_pulled(pull), object_id=again.pk)
    return again


def cancel_pull(grant: SupportGrant, pull: Pull) -> None:
    """:raises sync.operations.AlreadyEnded: as for members."""
    with tenancy.entered(grant.organization_id):
        sync_operations.cancel_pull(pull, actor=grant.user)
        _note(grant, gettext_noop("cancelled"), label=_pulled(pull), object_id=pull.pk)


def _leave(user: User) -> None:
    with tenancy.as_user(user.pk):
        left = list(SupportGrant.objects.filter(user=user, ended_at=None))
    for grant in left:
        with tenancy.entered(grant.organization_id):
            SupportGrant.objects.filter(pk=grant.pk).update(ended_at=Least(Now(), F("expires_at")))
            if grant.is_in_force:  # else the log has said already when it ends
                _note(grant, gettext_noop("ended access"), label="Support access")


def _note(
    grant: SupportGrant,
    action: str,
    *,
    label: str,
    object_id: object = None,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        AuditKind.SUPPORT,
        action,
        organization_id=grant.organization_id,
        object_id=object_id or grant.pk,
        label=label,
        actor=grant.user,
        before=before,
        after=after,
        is_support=True,
    )


def _named(connection: Connection) -> str:
    return f"{connection.platform_name} of {connection.company.name}"


def _pulled(pull: Pull) -> str:
    return f"{pull.data_type} of {pull.company.name}"
