"""Who makes which attempt, and how it ends: compare-and-set on the delivery's fence.

A claimed delivery is due again when its lease ends, so the attempt of a relay that was killed comes
again by itself, under the same `webhook-id`. Times are the database's. A consumer's row is locked
before its deliveries, by everybody.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from companies import audit, tenancy
from companies.models import AuditKind, Organization
from portal import clock
from portal.crypto import Undecryptable
from portal.wording import source_text
from webhooks import operations, payloads, sealing
from webhooks.models import (
    Attempt,
    Delivery,
    DeliveryStatus,
    DisabledBy,
    WebhookConsumer,
)
from webhooks.schedule import Schedule

#: Requests to one endpoint at once, whatever number of relays there is.
PER_CONSUMER = 5
_GONE = 410
_ASKS_TO_WAIT = frozenset({429, 503})

#: Whose turn it may be: the first waiting delivery of each consumer, found by skipping through the
#: index, so that what waits behind it costs nothing.
_WAITING = """
WITH RECURSIVE waiting AS (
  (SELECT consumer_id, organization_id, next_attempt_at FROM webhooks_delivery
   WHERE next_attempt_at IS NOT NULL ORDER BY consumer_id, next_attempt_at LIMIT 1)
  UNION ALL
  SELECT following.* FROM waiting CROSS JOIN LATERAL (
    SELECT consumer_id, organization_id, next_attempt_at FROM webhooks_delivery
    WHERE next_attempt_at IS NOT NULL AND consumer_id > waiting.consumer_id
    ORDER BY consumer_id, next_attempt_at LIMIT 1) AS following
)
SELECT w.organization_id, w.consumer_id,
       extract(epoch FROM greatest(w.next_attempt_at, c.not_before) - statement_timestamp())::float8
       AS seconds
FROM waiting w JOIN webhooks_webhookconsumer c ON c.id = w.consumer_id
WHERE c.disabled_at IS NULL ORDER BY seconds
"""

#: Materialized: as a mere subquery the limited selection may be made again for every row.
_CLAIM = """
WITH due AS MATERIALIZED (
  SELECT id FROM webhooks_delivery
  WHERE consumer_id = %(consumer)s AND next_attempt_at <= statement_timestamp()
  ORDER BY next_attempt_at, id LIMIT %(most)s FOR UPDATE
)
UPDATE webhooks_delivery d SET fence = d.fence + 1,
       lease_until = statement_timestamp() + make_interval(secs => %(lease)s),
       next_attempt_at = statement_timestamp() + make_interval(secs => %(lease)s)
FROM due WHERE d.id = due.id RETURNING d.id, d.fence
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A consumer with something to send, and in how many seconds; due when there are none left."""

    organization_id: UUID
    consumer_id: UUID
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt to make, with all that it takes."""

    organization_id: UUID
    consumer_id: UUID
    delivery_id: UUID
    fence: int
    message_id: str
    url: str
    body: bytes
    secrets: list[str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    #: By the database's clock, as receivers expect: the relay's own may be wrong.
    now: Callable[[], datetime]
    #: Why nothing can be sent at all.
    problem: str = ""
    #: The trace in which happened what there is to tell.
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of an attempt."""

    at: datetime
    outcome: Attempt.Outcome
    milliseconds: int
    status_code: int | None = None
    message: str = ""
    answer: str = ""
    request_headers: dict[str, str] = field(default_factory=dict)
    #: The endpoint asks not to be called for so long.
    retry_after: timedelta | None = None


def waiting() -> list[Waiting]:
    """List the consumers for which something waits, the most overdue first."""
    with tenancy.system(), database.cursor() as cursor:
        cursor.execute(_WAITING)
        return [Waiting(*row) for row in cursor.fetchall()]


def claim(
    organization_id: UUID, consumer_id: UUID, *, most: int, schedule: Schedule
) -> list[Claim] | None:
    """Take what one consumer may be sent now; None while somebody else has it locked."""
    with tenancy.entered(organization_id):
        consumer = (
            WebhookConsumer.objects.within(organization_id)
            .enabled()
            .select_for_update(skip_locked=True, no_key=True, of=("self",))
            .filter(pk=consumer_id)
            .first()
        )
        if consumer is None:
            return None
        clock_now = clock.running()
        now = clock_now()
        in_flight = Delivery.objects.filter(consumer=consumer, lease_until__gt=Now()).count()
        most = min(most, PER_CONSUMER - in_flight, _allowed(consumer, now))
        if most < 1:
            return []
        with database.cursor() as cursor:
            cursor.execute(
                _CLAIM,
                {"lease": schedule.lease.total_seconds(), "consumer": consumer_id, "most": most},
            )
            taken = cursor.fetchall()
        if not taken:
            return []
        _spend(consumer, now, len(taken))
    # Each message in a transaction of its own: telling of a company may make its first Link URL,
    # and two claims that made several in different orders would wait for each other.
    prepared = (_prepared(consumer, delivery_id, fence, clock_now) for delivery_id, fence in taken)
    return [claim for claim in prepared if claim is not None]


def finish(claim: Claim, result: Result, *, schedule: Schedule) -> bool:
    """Write what came of an attempt; answer whether it was still ours to write."""
    with tenancy.entered(claim.organization_id):
        consumer = (
            WebhookConsumer.objects.within(claim.organization_id)
            .select_for_update(no_key=True, of=("self",))
            .filter(pk=claim.consumer_id)
            .first()
        )
        mine = Delivery.objects.within(claim.organization_id).filter(
            pk=claim.delivery_id, fence=claim.fence
        )
        delivery = mine.select_for_update(of=("self",)).first()
        if consumer is None or delivery is None:
            return False
        _append(delivery, result)
        ended = _succeed if result.outcome == Attempt.Outcome.OK else _fail
        changes = ended(delivery, consumer, result, schedule)
        mine.update(attempts=F("attempts") + 1, lease_until=None, **changes)
    return True


def _allowed(consumer: WebhookConsumer, now: datetime) -> int:
    """How many the consumer's rate lets through now."""
    if consumer.rate_limit is None:
        return PER_CONSUMER if consumer.not_before is None or consumer.not_before <= now else 0
    start = _start(consumer, now)
    return 0 if start > now else int((now - start).total_seconds() * consumer.rate_limit) + 1


def _spend(consumer: WebhookConsumer, now: datetime, count: int) -> None:
    if consumer.rate_limit is None:
        return
    used = timedelta(seconds=count / consumer.rate_limit)
    WebhookConsumer.objects.filter(pk=consumer.pk).update(not_before=_start(consumer, now) + used)


def _start(consumer: WebhookConsumer, now: datetime) -> datetime:
    """When the next slot begins; of those that went by unused a tenth of a second's is kept."""
    assert consumer.rate_limit is not None
    kept = ceil(consumer.rate_limit / 10) - 1
    earliest = now - timedelta(seconds=kept / consumer.rate_limit)
    return max(consumer.not_before or earliest, earliest)


def _prepared(
    consumer: WebhookConsumer, delivery_id: UUID, fence: int, now: Callable[[], datetime]
) -> Claim | None:
    """Gather what the attempt takes; nothing when the message was deleted meanwhile."""
    problem, body, secrets, headers = "", b"", [], {}
    with tenancy.entered(consumer.organization_id):
        deliveries = Delivery.objects.within(consumer.organization_id)
        found = deliveries.select_related("event", "organization").filter(pk=delivery_id)
        delivery = found.first()
        if delivery is None:
            return None
        try:
            secrets, headers = sealing.secrets_in_force(consumer), sealing.headers_of(consumer)
            body = body_of(delivery, delivery.organization)
        except Undecryptable:
            problem = (
                "The key that its secret was encrypted with is gone. Rotate the secret and enter "
                "the custom headers again."
            )
        except KeyError as missing:
            problem = f"The event does not hold {missing} and cannot be told."
    return Claim(
        organization_id=consumer.organization_id,
        consumer_id=consumer.pk,
        delivery_id=delivery.pk,
        fence=fence,
        message_id=delivery.webhook_id,
        url=consumer.url,
        body=body,
        secrets=secrets,
        headers=headers,
        problem=problem,
        trace=delivery.event.trace if delivery.event else "",
        now=now,
    )


def body_of(delivery: Delivery, organization: Organization) -> bytes:
    """:raises KeyError: when the event is from before events kept what there is to tell."""
    if delivery.event is None:
        return payloads.example_body(delivery.event_type, delivery.pk)
    return payloads.body_of(delivery.event, organization)


def _append(delivery: Delivery, result: Result) -> None:
    Attempt.objects.create(
        organization_id=delivery.organization_id,
        delivery=delivery,
        consumer_id=delivery.consumer_id,
        number=delivery.attempts + 1,
        at=result.at,
        outcome=result.outcome,
        status_code=result.status_code,
        message=result.message[:400],
        milliseconds=result.milliseconds,
        request_headers=result.request_headers,
        answer=result.answer,
    )


def _succeed(
    _delivery: Delivery, consumer: WebhookConsumer, _result: Result, _schedule: Schedule
) -> dict[str, object]:
    if consumer.failing_since is not None:
        consumer.failing_since = None
        consumer.save(update_fields=["failing_since"])
    return {"status": DeliveryStatus.SUCCEEDED, "next_attempt_at": None, "ended_at": Now()}


def _fail(
    delivery: Delivery, consumer: WebhookConsumer, result: Result, schedule: Schedule
) -> dict[str, object]:
    now = clock.now()
    if not consumer.is_disabled:
        _note_failure(consumer, result, now, schedule)
    tries = delivery.tries + 1
    ended = {"tries": tries, "next_attempt_at": None, "ended_at": Now()}
    if consumer.is_disabled:
        return {"status": DeliveryStatus.DISABLED, **ended}
    wait = schedule.wait(tries, result.retry_after)
    if wait is None:
        return {"status": DeliveryStatus.FAILED, **ended}
    return {
        "status": DeliveryStatus.ATTEMPTING,
        "tries": tries,
        "next_attempt_at": now + wait,
        "ended_at": None,
    }


def _note_failure(
    consumer: WebhookConsumer, result: Result, now: datetime, schedule: Schedule
) -> None:
    consumer.failing_since = consumer.failing_since or now
    if result.status_code in _ASKS_TO_WAIT and result.retry_after:
        # Whatever else waits for it would only be refused too.
        asked = now + min(result.retry_after, schedule.longest_retry_after)
        consumer.not_before = max(consumer.not_before or asked, asked)
    consumer.save(update_fields=["failing_since", "not_before"])
    reason = None
    if result.status_code == _GONE:
        reason = DisabledBy.GONE
    elif consumer.failing_since <= now - schedule.disabled_after:
        reason = DisabledBy.FAILURES
    if reason is not None:
        operations.stop(consumer, reason)
        audit.record(
            AuditKind.WEBHOOK,
            gettext_noop("switched off"),
            organization_id=consumer.organization_id,
            object_id=consumer.pk,
            label=str(consumer),
            actor=None,
            after={"reason": source_text(reason.label)},
        )


def pretty(body: bytes) -> str:
    """Write a message for people."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
