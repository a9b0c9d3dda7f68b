"""What nobody takes up, and what fails for many, across organizations; ask as the system role."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.db.models.functions import Coalesce, Greatest, Now

from connections.models import Connection
from sync import recovery
from sync.models import ACTIVE, RUNNING, WAITING, DataStatus, Pull
from sync.models.pull import PullQuerySet


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many wait, and since when the first of them does."""

    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Failing:
    """Of a platform's linked connections, how many have data that cannot be pulled now."""

    platform: str
    failing: int
    linked: int


def unattended() -> PullQuerySet:
    """Select the pulls whose time has come, over connections that nobody works on."""
    at_work = Pull.objects.filter(
        connection=OuterRef("connection"), status__in=RUNNING, lease_until__gt=Now()
    )
    return (
        Pull.objects.filter(status__in=WAITING)
        # Over a connection out of use nothing is waited for: whoever comes ends it.
        .filter(
            Q(not_before=None)
            | Q(not_before__lte=Now())
            | ~Q(connection__status=Connection.Status.LINKED)
        )
        .exclude(Exists(at_work))
    )


def waiting() -> Backlog:
    """Tell of pulls that could run and do not."""
    ready_at = Greatest("requested_at", Coalesce("not_before", "requested_at"))
    return _backlog(unattended().aggregate(count=Count("pk"), since=Min(ready_at)))


def overdue() -> Backlog:
    """Tell of schedules whose time has come, and for which nothing was queued."""
    running = Pull.objects.filter(
        connection=OuterRef("connection"), data_type=OuterRef("data_type"), status__in=ACTIVE
    )
    due = DataStatus.objects.due().exclude(Exists(running)).order_by()
    return _backlog(due.aggregate(count=Count("pk"), since=Min("next_due_at")))


def lost() -> Backlog:
    """Tell of pulls whose worker is lost, and since when the first one's lease is over.

    That may lie ahead: a process of this machine that ended is seen before.
    """
    pulls = Pull.objects.filter(pk__in=[pull.pk for pull in recovery.lost()])
    return _backlog(pulls.aggregate(count=Count("pk"), since=Min("lease_until")))


def failing() -> list[Failing]:
    """Tell of each platform for how many connections it fails; the widest spread first."""
    unsuccessful = DataStatus.objects.filter(connection=OuterRef("pk"), failures__gt=0)
    parked = Pull.objects.filter(
        connection=OuterRef("pk"), status__in=WAITING, outage_since__isnull=False
    )
    found: Any = (
        Connection.objects.linked()
        .annotate(is_failing=Exists(unsuccessful) | Exists(parked))
        .order_by()
        .values("platform")
        .annotate(linked=Count("pk"), failing=Count("pk", filter=Q(is_failing=True)))
    )
    spread = [Failing(each["platform"], each["failing"], each["linked"]) for each in found]
    return sorted(spread, key=lambda each: each.failing, reverse=True)


def _backlog(found: dict[str, Any]) -> Backlog:
    return Backlog(found["count"], found["since"])
