"""What the webhook pages show: endpoints with their last hours, messages by filter, alerts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.db import connection as database
from django.db.models import Count, Q
from django.http import QueryDict
from django.utils import timezone

from companies.models import Organization
from portal.keyset import Keyset, Page
from portal.templatetags.charts import Stretch
from webhooks import alerts, catalog, claims, operations
from webhooks.models import (
    AlertEmail,
    Attempt,
    Delivery,
    DeliveryQuerySet,
    DeliveryStatus,
    WebhookConsumer,
)

PAGE_SIZE = 25
_EMAILS_SHOWN = 20
_HOURS = 6
_MINUTES = 10
_NEWEST_FIRST = Keyset("-created_at", "-id")

_STRETCHES = """
SELECT floor(extract(epoch FROM at - %(start)s) / %(seconds)s)::int,
       count(*) FILTER (WHERE outcome = 'ok'), count(*) FILTER (WHERE outcome <> 'ok')
FROM webhooks_attempt
WHERE organization_id = %(organization)s AND at >= %(start)s
  AND (%(consumer)s::uuid IS NULL OR consumer_id = %(consumer)s::uuid)
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A consumer as a line of the list, with what became of its attempts lately."""

    consumer: WebhookConsumer
    ok: int
    failed: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages: with a status, of a type, to an endpoint, in a period of days."""

    status: str = ""
    event_type: str = ""
    consumer: str = ""
    first: dt.date | None = None
    last: dt.date | None = None

    @classmethod
    def read(cls, asked: QueryDict, consumers: Mapping[str, str]) -> Self:
        """Take what is asked for and known; the rest is no filter."""
        status, event_type = asked.get("status", ""), asked.get("type", "")
        consumer = asked.get("endpoint", "")
        return cls(
            status=status if status in set(DeliveryStatus) else "",
            event_type=event_type if event_type in catalog.BY_NAME else "",
            consumer=consumer if consumer in consumers else "",
            first=_day(asked.get("from", "")),
            last=_day(asked.get("to", "")),
        )

    @property
    def is_set(self) -> bool:
        return self != type(self)()

    def apply(self, deliveries: DeliveryQuerySet) -> DeliveryQuerySet:
        if self.status:
            deliveries = deliveries.filter(status=self.status)
        if self.event_type:
            deliveries = deliveries.filter(event_type=self.event_type)
        if self.consumer:
            deliveries = deliveries.filter(consumer_id=UUID(self.consumer))
        # Days of the reader's own zone.
        if self.first:
            deliveries = deliveries.filter(created_at__date__gte=self.first)
        if self.last:
            deliveries = deliveries.filter(created_at__date__lte=self.last)
        return deliveries


@dataclass(frozen=True, slots=True)
class Messages:
    """A page of messages, to one endpoint or to all."""

    filter: Filter
    page: Page[Delivery]
    #: To choose from, where all endpoints' messages are shown.
    consumers: Mapping[str, str]

    @property
    def statuses(self) -> list[DeliveryStatus]:
        return list(DeliveryStatus)

    @property
    def types(self) -> list[str]:
        return list(catalog.BY_NAME)


def endpoints(organization: Organization) -> list[Row]:
    since = timezone.now() - dt.timedelta(hours=_HOURS)
    counted = (
        Attempt.objects.within(organization)
        .filter(at__gte=since)
        .values("consumer_id")
        .annotate(
            ok=Count("pk", filter=Q(outcome=Attempt.Outcome.OK)),
            failed=Count("pk", filter=~Q(outcome=Attempt.Outcome.OK)),
        )
    )
    lately = {each["consumer_id"]: each for each in counted}
    nothing = {"ok": 0, "failed": 0}
    return [
        Row(consumer, found["ok"], found["failed"])
        for consumer in operations.consumers_of(organization)
        for found in (lately.get(consumer.pk, nothing),)
    ]


def activity(organization: Organization, consumer: WebhookConsumer | None) -> list[Stretch]:
    """Count the attempts of the last six hours, by ten minutes."""
    length = dt.timedelta(minutes=_MINUTES)
    count = _HOURS * 60 // _MINUTES
    now = timezone.now()
    start = now - (count - 1) * length
    start -= dt.timedelta(
        minutes=start.minute % _MINUTES, seconds=start.second, microseconds=start.microsecond
    )
    with database.cursor() as cursor:
        cursor.execute(
            _STRETCHES,
            {
                "start": start,
                "seconds": length.total_seconds(),
                "organization": organization.pk,
                "consumer": consumer.pk if consumer else None,
            },
        )
        found = {place: (ok, failed) for place, ok, failed in cursor.fetchall()}
    return [Stretch(start + place * length, *found.get(place, (0, 0))) for place in range(count)]


def messages(
    organization: Organization, asked: QueryDict, consumer: WebhookConsumer | None = None
) -> Messages:
    consumers = (
        {}
        if consumer
        else {str(each.pk): str(each) for each in operations.consumers_of(organization)}
    )
    wanted = Filter.read(asked, consumers)
    deliveries = Delivery.objects.within(organization).select_related("consumer", "event")
    if consumer:
        deliveries = deliveries.filter(consumer=consumer)
    page = _NEWEST_FIRST.page(wanted.apply(deliveries), asked, size=PAGE_SIZE)
    return Messages(filter=wanted, page=page, consumers=consumers)


def body_shown(delivery: Delivery, organization: Organization) -> str:
    """Write the message as it is sent."""
    try:
        return claims.pretty(claims.body_of(delivery, organization))
    except KeyError:
        return ""


@dataclass(frozen=True, slots=True)
class Written:
    """An e-mail in the list of those that were written."""

    email: AlertEmail

    @property
    def headline(self) -> str:
        return alerts.headline(self.email)


def emails(organization: Organization) -> list[Written]:
    found = AlertEmail.objects.within(organization).select_related("event")
    return [Written(each) for each in found.order_by("-created_at", "-id")[:_EMAILS_SHOWN]]


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
