"""Tell those who can mend it that an endpoint was given up."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from companies import tenancy
from companies.models import Organization
from notices.models import Notice
from notices.readers import readers, send_once
from portal import clock
from webhooks.models import DisabledBy, WebhookConsumer

#: For so long an e-mail that the mail server refused is tried again; the page says it anyhow.
TOLD_WITHIN = timedelta(hours=6)


def tell(organization_id: UUID) -> int:
    """Write of endpoints that were just disabled by themselves; answer how many e-mails left."""
    with tenancy.entered(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        people = readers(organization)
        disabled = list(
            WebhookConsumer.objects.within(organization_id).filter(
                disabled_by__in=(DisabledBy.FAILURES, DisabledBy.GONE),
                disabled_at__gte=clock.now() - TOLD_WITHIN,
            )
        )
    return sum(
        send_once(
            Notice.Kind.WEBHOOK_DISABLED,
            "webhook_disabled",
            organization_id=organization_id,
            to=person,
            about=f"{consumer.pk} {consumer.disabled_at:%Y-%m-%dT%H:%M:%S}",
            context={
                "organization": organization,
                "consumer": consumer,
                "action_url": settings.BASE_URL
                + reverse("webhooks:consumer", args=[organization.slug, consumer.pk]),
            },
        )
        for consumer in disabled
        for person in people
    )
