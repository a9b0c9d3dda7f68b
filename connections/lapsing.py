"""When authorizations end by themselves, and keeping them from it.

A platform forgets a refresh token that nobody used for long. Connections that are not pulled are
therefore renewed now and then, by the same protocol as all others; where that does not help,
because the platform refuses or the token has an end of its own, people are warned in time.
"""

import logging
import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, DateTimeField, ExpressionWrapper, F, Value, When
from django.db.models.functions import Least

from companies import tenancy
from companies.models import EventType, TenantQuerySet
from connections import credentials
from connections.lifecycle import record_event
from connections.models import Connection, StoredCredentials
from connections.platforms import PLATFORMS
from connections.platforms.base import AuthorizationRevoked, OAuthPlatform, PlatformError
from portal import clock

logger = logging.getLogger(__name__)

#: What is idle for so long is renewed, or for a quarter of the platform's own patience.
_IDLE = timedelta(days=7)
_SHARE_OF_PATIENCE = 4
#: Those that fell idle at once are renewed over so long.
_SPREAD = timedelta(days=1)
#: A worker turns to something else after so long; the next look is minutes away.
_BUDGET_SECONDS = 60.0
#: So many days before the end people are told of it.
WARNED_DAYS = (3, 14)
SOON = timedelta(days=max(WARNED_DAYS))
#: Each answer of a platform tells the same end a little differently.
_SAME_END = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lapse:
    """An authorization that is about to end although it should have been renewed by now."""

    connection: Connection
    ends_at: datetime
    row: StoredCredentials
    seen_at: datetime

    @property
    def days(self) -> int:
        """How many days before the end it is time to warn of."""
        left = self.ends_at - self.seen_at
        return min(days for days in WARNED_DAYS if left <= timedelta(days=days))

    @property
    def is_warned_of(self) -> bool:
        """Whether people were told of this end, this close to it."""
        warned_of, days = self.row.warned_of, self.row.warned_days
        if warned_of is None or days is None or abs(warned_of - self.ends_at) > _SAME_END:
            return False
        return days <= self.days


def end() -> Least:
    """Say of stored credentials when they end unless the platform is asked before, if they do.

    They end when the refresh token does, or when the platform was not asked for so long.
    """
    idle = [
        When(connection__platform=key, then=F("refreshed_at") + Value(platform.lapses_after))
        for key, platform in PLATFORMS.items()
        if platform.lapses_after
    ]
    inactivity = ExpressionWrapper(
        Case(*idle, default=None, output_field=DateTimeField()), output_field=DateTimeField()
    )
    # PostgreSQL's least() passes over what is null.
    return Least("refresh_expires_at", inactivity)


def lapses(organization_id: UUID, *, connection: Connection | None = None) -> list[Lapse]:
    """List the authorizations that are about to end, the first to end first."""
    with tenancy.entered(organization_id):
        now = clock.now()
        rows = _linked(organization_id).annotate(ends_at=end())
        rows = rows.filter(ends_at__gt=now, ends_at__lte=now + SOON)
        if connection is not None:
            rows = rows.filter(connection=connection)
        found = list(rows.order_by("ends_at", "pk"))
    return [Lapse(row.connection, row.ends_at, row, now) for row in found if _is_overdue(row, now)]


def keep_alive(organization_id: UUID) -> int:
    """Renew what was not used for long; answer how many. Call it outside of transactions."""
    with tenancy.entered(organization_id):
        now = clock.now()
        found = [row for row in _linked(organization_id) if _is_idle(row, now)]
    # What fails must not stand before the others at every look.
    random.shuffle(found)
    stop_at, kept = time.monotonic() + _BUDGET_SECONDS, 0
    for row in found:
        if time.monotonic() > stop_at:
            break
        kept += _renew(row)
    return kept


def warn(organization_id: UUID) -> int:
    """Tell of authorizations that end in 14 and in 3 days, once each; answer of how many."""
    return sum(_warn(lapse) for lapse in lapses(organization_id) if not lapse.is_warned_of)


def _warn(lapse: Lapse) -> bool:
    row, connection = lapse.row, lapse.connection
    with tenancy.entered(row.organization_id):
        same = StoredCredentials.objects.within(row.organization_id).filter(
            pk=row.pk, warned_of=row.warned_of, warned_days=row.warned_days
        )
        if not same.update(warned_of=lapse.ends_at, warned_days=lapse.days):
            return False  # somebody else tells, or the customer authorized anew
        record_event(
            connection,
            EventType.CONNECTION_LAPSING,
            f"will lose access to {connection.platform_name} on "
            f"{lapse.ends_at:%-d %B %Y} unless the customer authorizes again",
        )
    return True


def _renew(row: StoredCredentials) -> bool:
    connection = row.connection
    try:
        return credentials.keep_alive(connection, seen_version=row.version)
    except AuthorizationRevoked as ended:  # which is on record
        logger.info("connection %s was not kept alive: %s", connection.pk, ended)
    except PlatformError as error:
        logger.warning("connection %s was not kept alive: %s", connection.pk, error.detail or error)
    return False


def _linked(organization_id: UUID) -> TenantQuerySet[StoredCredentials]:
    platforms = [key for key, platform in PLATFORMS.items() if issubclass(platform, OAuthPlatform)]
    return (
        StoredCredentials.objects.within(organization_id)
        .filter(connection__status=Connection.Status.LINKED, connection__platform__in=platforms)
        .select_related("connection__company")
    )


def _patience(row: StoredCredentials) -> timedelta | None:
    """How long the platform waits to be asked; nothing where it waits for ever."""
    lapses_after = PLATFORMS[row.connection.platform].lapses_after
    if lapses_after is not None:
        return lapses_after
    return row.refresh_expires_at - row.refreshed_at if row.refresh_expires_at else None


def _is_idle(row: StoredCredentials, now: datetime) -> bool:
    patience = _patience(row)
    if patience is None:
        return False
    idle = min(_IDLE, patience / _SHARE_OF_PATIENCE)
    share = row.connection_id.int % 1000 / 1000
    return row.refreshed_at + idle + min(_SPREAD, idle / 2) * share < now


def _is_overdue(row: StoredCredentials, now: datetime) -> bool:
    """Tell an end that nothing moved from the one of every token that is always renewed in time."""
    lapses_after = PLATFORMS[row.connection.platform].lapses_after
    if lapses_after is not None and lapses_after > 2 * SOON:
        return True
    patience = _patience(row)
    return patience is not None and row.refreshed_at + patience / 2 < now
