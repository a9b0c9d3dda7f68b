"""Put right what an organization cannot go on with where it came in.

Where it came from may still run: what was on its way there is not done here too.
"""

from dataclasses import dataclass, fields
from uuid import UUID

from django.db.models.functions import Now

from companies.models import OutboxEntry
from connections import lifecycle
from connections.models import Connection, OneTimeCode, StoredCredentials
from files.models import UploadedFile
from portal.transfer.manifest import Manifest
from sync import claims
from sync.models import Job, JobItem
from webhooks import sealing
from webhooks.models import (
    AlertEmail,
    Delivery,
    DeliveryStatus,
    DisabledBy,
    WebhookConsumer,
)

_RELINK = "It came from another installation without its credentials: link it again."
_JOB_ENDED = "Not done: the organization was taken to another installation first."


@dataclass
class Settled:
    """How many of each."""

    pulls_queued_again: int = 0
    deliveries_ended: int = 0
    emails_left_to_the_source: int = 0
    jobs_ended: int = 0
    one_time_links_ended: int = 0
    connections_to_link_again: int = 0
    webhooks_with_a_new_secret: int = 0
    deleted_files_forgotten: int = 0

    def lines(self) -> list[tuple[str, int]]:
        return [(f.name.replace("_", " "), getattr(self, f.name)) for f in fields(self)]


def settle(organization_id: UUID, manifest: Manifest) -> Settled:
    settled = Settled()
    settled.pulls_queued_again = claims.start_over(
        reason="Queued again after the organization was imported."
    )
    # They can be recovered by hand (`webhooks.recovery`).
    deliveries = Delivery.objects.within(organization_id)
    settled.deliveries_ended = deliveries.pending().update(
        status=DeliveryStatus.FAILED, next_attempt_at=None, ended_at=Now()
    )
    deliveries.filter(lease_until__isnull=False).update(lease_until=None)
    emails = AlertEmail.objects.within(organization_id).filter(status=AlertEmail.Status.WAITING)
    settled.emails_left_to_the_source, _ = emails.delete()
    settled.jobs_ended = _end_jobs(organization_id)
    codes = OneTimeCode.objects.within(organization_id)
    settled.one_time_links_ended = codes.filter(used_at=None, expires_at__gt=Now()).update(
        expires_at=Now()
    )
    credentials = StoredCredentials.objects.within(organization_id)
    credentials.filter(lease_until__isnull=False).update(lease_until=None, lease_owner="")
    if manifest.secrets is None:
        settled.connections_to_link_again = _ask_to_link_again(organization_id)
        settled.webhooks_with_a_new_secret = _renew_webhooks(organization_id)
    # Nobody outside is told of what the import itself did.
    OutboxEntry.objects.within(organization_id).delete()
    files = UploadedFile.objects.within(organization_id)
    settled.deleted_files_forgotten, _ = files.filter(
        pk__in=manifest.files.deleted_meanwhile
    ).delete()
    return settled


def _end_jobs(organization_id: UUID) -> int:
    jobs = Job.objects.within(organization_id).unfinished()
    JobItem.objects.within(organization_id).filter(
        job__in=jobs, state=JobItem.State.WAITING
    ).update(state=JobItem.State.SKIPPED, outcome=_JOB_ENDED)
    return jobs.update(finished_at=Now())


def _ask_to_link_again(organization_id: UUID) -> int:
    """Let every connection that had credentials say that they are gone."""
    rows = StoredCredentials.objects.within(organization_id)
    connections = Connection.objects.within(organization_id).select_related("company")
    asked = sum(
        lifecycle.deauthorize(connection, reason=_RELINK)
        for connection in connections.filter(pk__in=rows.values("connection_id")).order_by("pk")
    )
    rows.delete()
    return asked


def _renew_webhooks(organization_id: UUID) -> int:
    consumers = list(WebhookConsumer.objects.within(organization_id).order_by("pk"))
    for consumer in consumers:
        consumer.sealed_secret = sealing.seal_secret(
            organization_id, consumer.pk, sealing.new_secret()
        )
        consumer.header_names = []
        consumer.previous_secret_until = None
        changed = ["sealed_secret", "header_names", "previous_secret_until"]
        if not consumer.is_disabled:
            consumer.disabled_at, consumer.disabled_by = Now(), DisabledBy.IMPORTED
            changed += ["disabled_at", "disabled_by"]
        consumer.save(update_fields=changed)
    return len(consumers)
