"""The e-mails about what fails or is about to, each for one organization."""

from datetime import datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from companies import tenancy
from companies.models import Organization, User
from connections import lapsing
from notices import failures
from notices.models import Notice
from notices.readers import readers, send_once
from portal import clock

#: For so long an e-mail that the mail server refused is tried again; then the digest tells of it.
TOLD_WITHIN = timedelta(hours=1)
#: When the digest is there, by the reader's own clock.
MORNING = time(7)
_DAY = timedelta(days=1)


def tell_of_lost_access(organization_id: UUID) -> int:
    """Tell of connections that were just deauthorized; answer how many e-mails left."""
    with tenancy.entered(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        people = readers(organization)
        losses = failures.lost(organization, since=clock.now() - TOLD_WITHIN)
    sent = 0
    for loss in losses:
        connection = loss.connection
        for person in people:
            sent += send_once(
                Notice.Kind.DEAUTHORIZED,
                "connection_deauthorized",
                organization_id=organization_id,
                to=person,
                about=f"{connection.pk} {connection.status_changed_at.isoformat()}",
                context={"organization": organization, "loss": loss, "action_url": loss.url},
            )
    return sent


def tell_of_lapses(organization_id: UUID) -> int:
    """Tell of authorizations that are about to end; answer how many e-mails left."""
    lapses = [each for each in lapsing.lapses(organization_id) if each.is_warned_of]
    if not lapses:
        return 0
    with tenancy.entered(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        people = readers(organization)
    sent = 0
    for lapse in lapses:
        connection = lapse.connection
        place = connection.company_id, connection.pk
        url = failures.absolute("connections:link-url", organization, *place)
        for person in people:
            sent += send_once(
                Notice.Kind.LAPSING,
                "connection_lapsing",
                organization_id=organization_id,
                to=person,
                about=f"{connection.pk} {lapse.row.warned_days} {lapse.row.warned_of:%Y-%m-%d}",
                context={"organization": organization, "lapse": lapse, "action_url": url},
            )
    return sent


def send_digest(organization_id: UUID) -> int:
    """Tell whose morning it is what failed within a day; answer how many e-mails left.

    When nothing fails nobody is written to.
    """
    now = timezone.now()
    with tenancy.entered(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        people = [each for each in readers(organization) if _is_due(each, now)]
        if not people:
            return 0
        losses = failures.lost(organization, since=now - _DAY)
        failing = failures.failing(organization, since=now - _DAY)
    if not losses and not failing:
        return 0
    context = {
        "organization": organization,
        "losses": losses[: failures.SHOWN],
        "failing": failing[: failures.SHOWN],
        "more": max(len(losses) - failures.SHOWN, 0) + max(len(failing) - failures.SHOWN, 0),
        "action_url": failures.absolute("sync:monitor", organization),
    }
    return sum(
        send_once(
            Notice.Kind.DIGEST,
            "failure_digest",
            organization_id=organization_id,
            to=person,
            about=_day(person, now),
            context=context,
        )
        for person in people
    )


def _is_due(person: User, now: datetime) -> bool:
    if now.astimezone(person.zone).time() < MORNING:
        return False
    had = Notice.objects.filter(user=person, kind=Notice.Kind.DIGEST, about=_day(person, now))
    return not had.exists()


def _day(person: User, now: datetime) -> str:
    return now.astimezone(person.zone).date().isoformat()
