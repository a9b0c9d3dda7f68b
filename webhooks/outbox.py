"""From what happened to whom it goes: one transaction takes the outbox row and makes the rows.

Killed at any moment, either both happened or neither; two relays never take the same row.
"""

import logging
from uuid import UUID

from companies import tenancy
from companies.models import Event, OutboxEntry
from webhooks import alerts, catalog, payloads
from webhooks.models import AlertEmail, AlertRule, Delivery, WebhookConsumer, delivery_id

logger = logging.getLogger(__name__)

#: Events in one transaction, and organizations in one look.
_EVENTS = 200
_ORGANIZATIONS = 200


def relay() -> tuple[int, set[UUID]]:
    """Fan out what waits; return how many events that were, and where e-mails are to be sent."""
    with tenancy.system():
        waiting = OutboxEntry.objects.values_list("organization_id", flat=True).distinct()
        organizations = list(waiting[:_ORGANIZATIONS])
    taken, with_emails = 0, set()
    for organization_id in organizations:
        events, emails = _fan_out(organization_id)
        taken += events
        if emails:
            with_emails.add(organization_id)
    return taken, with_emails


def _fan_out(organization_id: UUID) -> tuple[int, int]:
    with tenancy.entered(organization_id):
        entries = (
            OutboxEntry.objects.within(organization_id)
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("created_at", "pk")[:_EVENTS]
        )
        taken = [entry.pk for entry in entries]
        if not taken:
            return 0, 0
        events = list(Event.objects.within(organization_id).filter(pk__in=taken))
        # Locked, so that none of them is disabled or deleted before its deliveries are there.
        consumers = list(
            WebhookConsumer.objects.within(organization_id)
            .enabled()
            .select_for_update(no_key=True, of=("self",))
            .order_by("pk")
        )
        Delivery.objects.bulk_create(
            [
                Delivery(
                    pk=delivery_id(consumer.pk, event.pk),
                    organization_id=organization_id,
                    consumer=consumer,
                    event=event,
                    event_type=public,
                    company_id=event.company_id,
                )
                for event in sorted(events, key=lambda event: (event.occurred_at, event.pk))
                if (public := catalog.PUBLIC_TYPES.get(event.type))
                for consumer in consumers
                if consumer.wants(public, payloads.tags_of(event))
            ],
            # A replay may have been quicker.
            ignore_conflicts=True,
        )
        emails = _emails(organization_id, events)
        AlertEmail.objects.bulk_create(emails, ignore_conflicts=True)
        OutboxEntry.objects.within(organization_id).filter(pk__in=taken).delete()
    return len(taken), len(emails)


def _emails(organization_id: UUID, events: list[Event]) -> list[AlertEmail]:
    rules = list(AlertRule.objects.within(organization_id))
    return [
        AlertEmail(organization_id=organization_id, event=event, kind=rule.kind, email=email)
        for event in events
        for rule in rules
        if rule.company_id in {None, event.company_id} and alerts.tells(rule.kind, event)
        for email in rule.emails
    ]
