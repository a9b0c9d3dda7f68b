"""Put right what is wrong in a restored database because time went on without it.

Done as the application's role, organization by organization. What nobody can know stays as it was
then: who was removed since, and which keys were revoked (docs/operate.md names it).
"""

from dataclasses import dataclass, fields

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.db.models.functions import Now

from companies import tenancy
from companies.models import Organization
from connections.models import AuthorizationAttempt, OneTimeCode, StoredCredentials
from files.models import UploadedFile
from portal.backup.manifest import Manifest
from portal.owner import as_reader
from sync import claims
from webhooks.models import Delivery


@dataclass
class Righted:
    """How many of each."""

    pulls_queued_again: int = 0
    deliveries_due_again: int = 0
    refreshes_let_go: int = 0
    one_time_links_ended: int = 0
    consents_ended: int = 0
    deleted_files_forgotten: int = 0
    sessions_ended: int = 0

    def lines(self) -> list[tuple[str, int]]:
        return [(f.name.replace("_", " "), getattr(self, f.name)) for f in fields(self)]


def put_right(manifest: Manifest) -> Righted:
    with as_reader():
        organizations = list(Organization.objects.order_by("pk").values_list("pk", flat=True))
    righted = Righted()
    # Somebody may have signed out since, because their browser was stolen.
    righted.sessions_ended = Session.objects.count()
    Session.objects.all().delete()
    UserSession.objects.all().delete()
    for organization_id in organizations:
        with tenancy.entered(organization_id):
            _put_right(righted, manifest)
    return righted


def _put_right(righted: Righted, manifest: Manifest) -> None:
    righted.pulls_queued_again += claims.start_over(
        reason="Queued again after the portal was restored from a backup."
    )
    # Whoever had them is no more. They come again under the ids they have.
    leased = Delivery.objects.filter(lease_until__isnull=False)
    righted.deliveries_due_again += leased.pending().update(lease_until=None, next_attempt_at=Now())
    leased.update(lease_until=None)
    righted.refreshes_let_go += StoredCredentials.objects.filter(lease_until__isnull=False).update(
        lease_until=None, lease_owner=""
    )
    # What opens something once may have been used since.
    righted.one_time_links_ended += OneTimeCode.objects.filter(
        used_at=None, expires_at__gt=Now()
    ).update(expires_at=Now())
    attempts = AuthorizationAttempt.objects.filter(
        Q(used_at=None, expires_at__gt=Now()) | Q(granted__isnull=False)
    )
    righted.consents_ended += attempts.update(expires_at=Now(), granted=None, organizations=[])
    deleted, _ = UploadedFile.objects.filter(pk__in=manifest.files.deleted_meanwhile).delete()
    righted.deleted_files_forgotten += deleted
