"""Remember what happened, in the transaction in which it happened, and ring once it commits.

Whoever watches (a history page, the relay of webhooks) reads the row; Redis only rings.
"""

import logging
from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import redis
from django.db import transaction

from companies.models import (
    PUBLISHED,
    Actor,
    Event,
    EventType,
    OutboxEntry,
    key_of,
    name_of,
    person,
)
from portal import tracing, valkey

logger = logging.getLogger(__name__)

#: Where the relay listens.
RELAY_CHANNEL = "ledgerport:relay"

#: Bells that could not be rung; whoever can ring again rings these, too.
_missed: set[tuple[str, str]] = set()
_MOST_MISSED = 1000


def channel(organization_id: UUID) -> str:
    return f"ledgerport:organization:{organization_id}"


def record(
    event_type: EventType,
    *,
    organization_id: UUID,
    summary: str,
    company_id: UUID | None = None,
    connection_id: UUID | None = None,
    actor: Actor | None = None,
    payload: dict[str, Any] | None = None,
    event_id: UUID | None = None,
) -> Event:
    """Write the event and ring for it after commit.

    An `event_id` that follows from what happened makes it the same event when it happens again in
    a database that comes out of a backup.
    """
    event = Event.objects.create(
        id=event_id or uuid4(),
        organization_id=organization_id,
        company_id=company_id,
        connection_id=connection_id,
        type=event_type,
        actor=person(actor),
        actor_name=name_of(actor),
        actor_key_id=key_of(actor),
        summary=summary[:400],
        payload=payload or {},
        trace=tracing.carried(),
    )
    announce(organization_id, company_id)
    if event_type in PUBLISHED:
        OutboxEntry.objects.create(event=event, organization_id=organization_id)
        wake_relay()
    return event


def announce(organization_id: UUID, company_id: UUID | None) -> None:
    """Wake the pages that watch this company once the transaction commits."""
    transaction.on_commit(partial(_ring, organization_id, company_id), robust=True)


def announce_all(organization_id: UUID, company_ids: Iterable[UUID]) -> None:
    """Wake the pages that watch any of these companies once the transaction commits."""
    bells = [(channel(organization_id), str(company_id)) for company_id in company_ids]
    if bells:
        transaction.on_commit(partial(_publish, *bells), robust=True)


def wake_relay() -> None:
    """Tell the relay once the transaction commits that something is to be delivered."""
    transaction.on_commit(partial(_publish, (RELAY_CHANNEL, "")), robust=True)


def _ring(organization_id: UUID, company_id: UUID | None) -> None:
    _publish((channel(organization_id), str(company_id or "")))


def _publish(*bells: tuple[str, str]) -> None:
    all_bells = {*bells, *_missed}
    try:
        with valkey.asked() as server, server.pipeline(transaction=False) as all_of_them:
            for each in all_bells:
                all_of_them.publish(*each)
            all_of_them.execute()
    except redis.RedisError as error:
        # Nobody loses data: whoever listens looks again by itself every few seconds.
        logger.warning("could not ring at %s: %s", bells[0][0], error)
        _missed.update(bells[: max(_MOST_MISSED - len(_missed), 0)])
    else:
        _missed.difference_update(all_bells)
