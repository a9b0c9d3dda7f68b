"""Sending again: one message, what failed since a moment, or what an endpoint was never sent.

Nothing is sent here: a delivery gets its next attempt, a little after the one before it, and the
relay takes it from there under the same `webhook-id` as ever.
"""

from datetime import datetime, timedelta

from django.db import connection as database
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from companies import audit, events, tenancy
from companies.models import AuditKind, Event, EventQuerySet, EventType, User
from webhooks import catalog, payloads
from webhooks.models import (
    PENDING,
    Delivery,
    DeliveryQuerySet,
    DeliveryStatus,
    WebhookConsumer,
    delivery_id,
)

#: Older messages are gone from the ledger, and older events are not sent any more.
KEPT_FOR = timedelta(days=30)
#: Between two messages that are sent again, so that an endpoint that is just back can breathe.
_APART = timedelta(milliseconds=50)
_BATCH = 1000


class ConsumerDisabled(Exception):
    """Nothing is sent to an endpoint that is switched off."""


def resend(delivery: Delivery, *, actor: User | None) -> bool:
    """Send one message again, however it ended; answer False while it is on its way anyhow.

    :raises ConsumerDisabled: when its endpoint is switched off.
    """
    with tenancy.entered(delivery.organization_id):
        consumer = _held(delivery.consumer)
        again = Delivery.objects.within(delivery.organization_id).filter(pk=delivery.pk)
        count = _put_on_way(again.exclude(status__in=PENDING))
        if count:
            _audit(
                consumer, gettext_noop("sent again to"), actor, {"event_type": delivery.event_type}
            )
    return bool(count)


def recover(consumer: WebhookConsumer, *, since: datetime, actor: User | None) -> int:
    """Send again what failed since then, or waited when the endpoint was disabled.

    :raises ConsumerDisabled: when the endpoint is switched off.
    """
    since = max(since, timezone.now() - KEPT_FOR)
    with tenancy.entered(consumer.organization_id):
        consumer = _held(consumer)
        lost = Delivery.objects.within(consumer.organization_id).filter(consumer=consumer)
        count = _put_on_way(lost.recoverable().filter(created_at__gte=since))
        _audit(
            consumer,
            gettext_noop("recovered"),
            actor,
            {"since": since.isoformat(), "messages": count},
        )
    return count


def replay(
    consumer: WebhookConsumer,
    *,
    since: datetime,
    until: datetime | None = None,
    actor: User | None,
) -> int:
    """Send what the endpoint subscribes to now and was never sent: it was disabled, did not exist
    yet or was not subscribed then. Answer how many messages that makes.

    :raises ConsumerDisabled: when the endpoint is switched off.
    """
    since = max(since, timezone.now() - KEPT_FOR)
    with tenancy.entered(consumer.organization_id):
        consumer = _held(consumer)
        count = 0
        missing = _missing(consumer, since, until)
        start = timezone.now()
        while batch := list(missing[:_BATCH]):
            made = [
                Delivery(
                    pk=delivery_id(consumer.pk, event.pk),
                    organization_id=consumer.organization_id,
                    consumer=consumer,
                    event=event,
                    event_type=catalog.PUBLIC_TYPES[event.type],
                    company_id=event.company_id,
                    next_attempt_at=start + _APART * (count + place),
                )
                for place, event in enumerate(
                    event
                    for event in batch
                    if consumer.wants(catalog.PUBLIC_TYPES[event.type], payloads.tags_of(event))
                )
            ]
            Delivery.objects.bulk_create(made, ignore_conflicts=True)
            count += len(made)
            last = batch[-1]
            missing = _missing(consumer, since, until).filter(
                Q(occurred_at__gt=last.occurred_at)
                | Q(occurred_at=last.occurred_at, pk__gt=last.pk)
            )
        _audit(
            consumer,
            gettext_noop("replayed"),
            actor,
            {"since": since.isoformat(), "messages": count},
        )
        events.wake_relay()
    return count


def _missing(consumer: WebhookConsumer, since: datetime, until: datetime | None) -> EventQuerySet:
    """Select events that its types name and that no delivery to it exists of, oldest first."""
    told = Delivery.objects.filter(consumer=consumer, event=OuterRef("pk"))
    found = (
        Event.objects.within(consumer.organization_id)
        .filter(
            ~Exists(told),
            # What happened before events kept the state of things cannot be told.
            Q(payload__has_key="company")
            | Q(type__in=[EventType.RATE_LIMIT_REACHED, EventType.RATE_LIMIT_RESET]),
            type__in=catalog.internal_types(set(consumer.event_types)),
            occurred_at__gte=since,
        )
        .order_by("occurred_at", "pk")
    )
    return found.filter(occurred_at__lte=until) if until else found


def _held(consumer: WebhookConsumer) -> WebhookConsumer:
    held = WebhookConsumer.objects.within(consumer.organization_id).select_for_update(
        no_key=True, of=("self",)
    )
    consumer = held.get(pk=consumer.pk)
    if consumer.is_disabled:
        raise ConsumerDisabled(_("Switch the endpoint on first: nothing is sent to it now."))
    return consumer


def _put_on_way(lost: DeliveryQuerySet) -> int:
    """Give each its next attempt, one after the other."""
    ids = list(lost.order_by("created_at", "pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _BATCH):
        with database.cursor() as cursor:
            cursor.execute(
                "UPDATE webhooks_delivery d SET status = %s, tries = 0, ended_at = NULL, "
                "lease_until = NULL, "
                "next_attempt_at = now() + (%s + n.place) * make_interval(secs => %s) "
                "FROM unnest(%s::uuid[]) WITH ORDINALITY AS n(id, place) WHERE d.id = n.id",
                [
                    DeliveryStatus.ATTEMPTING,
                    start,
                    _APART.total_seconds(),
                    ids[start : start + _BATCH],
                ],
            )
    if ids:
        events.wake_relay()
    return len(ids)


def _audit(
    consumer: WebhookConsumer, action: str, actor: User | None, after: dict[str, object]
) -> None:
    audit.record(
        AuditKind.WEBHOOK,
        action,
        organization_id=consumer.organization_id,
        object_id=consumer.pk,
        label=str(consumer),
        actor=actor,
        after=after,
    )
