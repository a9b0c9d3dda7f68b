"""How much an organization may ask: a day's quota that grows with its companies.

Counted in Redis; without it nobody is refused.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import redis
from django.core.cache import cache
from django.utils import timezone

from api.errors import ApiError
from api.models import ApiSettings
from companies import events, tenancy
from companies.models import EventType
from connections.models import Connection
from portal import clock
from portal.counting import count, uncount

#: Requests a day for the organization itself and again for each company that is linked.
PER_COMPANY = 1000
AT_ONCE_PER_COMPANY = 10
#: From one address, against floods.
PER_ADDRESS_A_MINUTE = 1000
_COUNTED_AGAIN = 60
_LONGEST_REQUEST = 120


@dataclass(frozen=True, slots=True)
class Quota:
    limit: int
    remaining: int
    resets_at: dt.datetime

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-Rate-Limit-Limit": str(self.limit),
            "X-Rate-Limit-Remaining": str(self.remaining),
            "X-Rate-Limit-Reset": self.resets_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


def check_address(address: str) -> None:
    """Refuse floods before anything else is asked.

    :raises ApiError: 429.
    """
    minute = int(timezone.now().timestamp()) // 60
    if count(f"api:address:{address}:{minute}", seconds=60) > PER_ADDRESS_A_MINUTE:
        raise ApiError(429, "Too many requests from this address.", retry_after=60)


def take(organization_id: UUID) -> Quota:
    """Count a request and tell what is left of the day; less than nothing when it is too many."""
    now = timezone.now().astimezone(dt.UTC)
    midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    limit = PER_COMPANY * (1 + _active_companies(organization_id))
    used = count(f"api:day:{organization_id}:{now.date()}", seconds=2 * 24 * 60 * 60)
    return Quota(limit=limit, remaining=limit - used, resets_at=midnight)


def refuse(organization_id: UUID, quota: Quota) -> ApiError:
    """Tell of the quota's end once a day, and return the refusal."""
    today = timezone.now().astimezone(dt.UTC).date()
    with tenancy.entered(organization_id):
        settings, _ = ApiSettings.objects.get_or_create(organization_id=organization_id)
        first = ApiSettings.objects.filter(pk=settings.pk).exclude(quota_reached_on=today)
        if first.update(quota_reached_on=today):
            record_quota(EventType.RATE_LIMIT_REACHED, organization_id, quota.limit, 0)
    seconds = int((quota.resets_at - timezone.now()).total_seconds()) + 1
    return ApiError(
        429,
        f"The day’s {quota.limit:,} requests are used up. They start anew at midnight UTC.",
        retry_after=max(seconds, 1),
    )


def record_quota(event: EventType, organization_id: UUID, limit: int, remaining: int) -> None:
    tomorrow = clock.now().astimezone(dt.UTC).date() + dt.timedelta(days=1)
    events.record(
        event,
        organization_id=organization_id,
        summary="used up the API’s quota of the day"
        if event is EventType.RATE_LIMIT_REACHED
        else "may use the API again",
        payload={
            "dailyQuota": limit,
            "quotaRemaining": remaining,
            "expiryDate": f"{tomorrow.isoformat()}T00:00:00Z",
        },
    )


def reset_quotas() -> int:
    """Tell organizations whose quota was used up yesterday that a new one holds; answer how many.

    The clock calls it.
    """
    today = clock.now().astimezone(dt.UTC).date()
    with tenancy.system():
        reached = list(
            ApiSettings.objects.filter(quota_reached_on__lt=today).values_list("pk", flat=True)
        )
    told = 0
    for organization_id in reached:
        with tenancy.entered(organization_id):
            if ApiSettings.objects.filter(pk=organization_id, quota_reached_on__lt=today).update(
                quota_reached_on=None
            ):
                limit = PER_COMPANY * (1 + _active_companies(organization_id))
                record_quota(EventType.RATE_LIMIT_RESET, organization_id, limit, limit)
                told += 1
    return told


@contextmanager
def one_of_few(organization_id: UUID) -> Iterator[None]:
    """Let only so many requests of an organization run at a time.

    :raises ApiError: 429 when there are as many already.
    """
    key = f"api:at-once:{organization_id}"
    running = count(key, seconds=_LONGEST_REQUEST)
    try:
        if running > AT_ONCE_PER_COMPANY * (1 + _active_companies(organization_id)):
            raise ApiError(429, "Too many requests at the same time.", retry_after=1)
        yield
    finally:
        if running:
            uncount(key)


def _active_companies(organization_id: UUID) -> int:
    """Count the companies with a linked connection; a minute old at most."""
    key = f"api:companies:{organization_id}"
    try:
        known = cache.get(key)
        if known is not None:
            return int(known)
    except redis.RedisError:
        pass
    with tenancy.entered(organization_id):
        linked = Connection.objects.within(organization_id).linked()
        found: int = linked.values("company_id").distinct().count()
    with suppress(redis.RedisError):
        cache.set(key, found, timeout=_COUNTED_AGAIN)
    return found
