"""What operations staff watch: what runs and waits, what fails for one cause, what lapses soon."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db.models import Case, Count, Max, Min, OuterRef, Q, Subquery, When
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from companies import prunings
from companies.models import Organization
from connections import lapsing
from connections.models import (
    Connection,
    ConnectionError,  # noqa: A004 - the public API's word
    StoredCredentials,
)
from connections.platforms import PLATFORMS
from portal import heartbeat
from sync import drift
from sync.history import PullRow, rows
from sync.models import RUNNING, WAITING, DataStatus, Pull

SHOWN = 25
CAUSES_SHOWN = 20
_HEARTBEAT = "scheduler-heartbeat"


def beat() -> None:
    """Leave a sign that the scheduler and the worker on its queue are alive; Redis may be down."""
    heartbeat.leave(_HEARTBEAT)


class Heartbeat(heartbeat.Heartbeat):
    @classmethod
    def read(cls) -> Self:
        return cls.read_as(_HEARTBEAT)


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong, and how many connections it concerns."""

    platform_name: str
    words: str
    connections: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Outage:
    """A platform, or one customer's own server, that does not answer."""

    name: str
    connections: int
    since: datetime
    next_try_at: datetime


@dataclass(frozen=True, slots=True)
class Lapse:
    """An authorization that ends unless the platform is asked for something before."""

    connection: Connection
    ends_at: datetime
    #: The next pull, which renews it.
    next_pull_at: datetime | None

    @property
    def is_kept_alive(self) -> bool:
        return self.next_pull_at is not None and self.next_pull_at < self.ends_at


def read(organization: Organization) -> dict[str, Any]:
    """Return what the page shows, in a handful of queries at any size."""
    active = Pull.objects.within(organization).active()
    counts = active.aggregate(
        running=Count("pk", filter=Q(status__in=RUNNING)),
        parked=Count("pk", filter=Q(status__in=WAITING, not_before__gt=Now())),
        waiting=Count(
            "pk",
            filter=Q(status__in=WAITING) & (Q(not_before=None) | Q(not_before__lte=Now())),
        ),
    )
    return {
        "counts": counts | {"due": DataStatus.objects.within(organization).due().count()},
        "running": _rows(active.filter(status__in=RUNNING).order_by("started_at", "pk")),
        "parked": _rows(
            active.filter(status__in=WAITING, not_before__gt=Now()).order_by("not_before", "pk")
        )
        if counts["parked"]
        else [],
        "outages": outages(organization),
        "causes": causes(organization),
        "lapses": lapses(organization),
        "drifts": drift.read(organization),
        "heartbeat": Heartbeat.read(),
        "pruning": prunings.last(organization),
    }


def _rows(pulls: Any) -> list[PullRow]:
    return rows(pulls.select_related("company", "connection", "requested_by")[:SHOWN])


def outages(organization: Organization) -> list[Outage]:
    """Group the connections that wait for a platform to answer again; the widest spread first.

    A vendor is out for all of them. A customer's own server is out for nobody else.
    """
    waiting = (
        Pull.objects.within(organization).filter(status__in=WAITING).exclude(outage_since=None)
    )
    vendors = [key for key, platform in PLATFORMS.items() if platform.redirects]
    shared = When(connection__platform__in=vendors, then=None)
    groups: Any = (
        waiting.annotate(
            server=Case(shared, default="connection_id"),
            customer=Case(shared, default="company__name"),
        )
        .values("connection__platform", "server", "customer")
        .annotate(
            spread=Count("connection", distinct=True),
            since=Min("outage_since"),
            next_try_at=Min("not_before"),
        )
        .order_by("-spread", "since")[:CAUSES_SHOWN]
    )
    return [
        Outage(
            name=" · ".join(filter(None, (_name(each["connection__platform"]), each["customer"]))),
            connections=each["spread"],
            since=each["since"],
            next_try_at=each["next_try_at"],
        )
        for each in groups
    ]


def causes(organization: Organization) -> list[Cause]:
    """Group what is wrong with connections now; the widest spread first."""
    failing = (
        ConnectionError.objects.within(organization)
        .filter(resolved_at=None, connection__status=Connection.Status.LINKED)
        .values("connection__platform", "status_code", "error_message")
        .annotate(
            spread=Count("connection", distinct=True),
            first=Min("errored_at"),
            last=Max("errored_at"),
        )
        .order_by("-spread", "-last")[:CAUSES_SHOWN]
    )
    lost = (
        Connection.objects.within(organization)
        .filter(status=Connection.Status.DEAUTHORIZED)
        .values("platform")
        .annotate(spread=Count("pk"), first=Min("status_changed_at"), last=Max("status_changed_at"))
        .order_by("-spread")
    )
    found = [
        Cause(
            platform_name=_name(each["connection__platform"]),
            words=f"{each['error_message']} ({each['status_code']})",
            connections=each["spread"],
            first=each["first"],
            last=each["last"],
        )
        for each in failing
    ]
    found += [
        Cause(
            platform_name=_name(each["platform"]),
            words=_("The customer’s authorization ended. Send the Link URL again."),
            connections=each["spread"],
            first=each["first"],
            last=each["last"],
        )
        for each in lost
    ]
    return sorted(found, key=lambda cause: cause.connections, reverse=True)


def lapses(organization: Organization) -> list[Lapse]:
    """List the authorizations that end soon, the first to end first."""
    next_pull = (
        DataStatus.objects.filter(connection=OuterRef("connection"))
        .exclude(next_due_at=None)
        .order_by("next_due_at")
        .values("next_due_at")[:1]
    )
    found = (
        StoredCredentials.objects.within(organization)
        .filter(connection__status=Connection.Status.LINKED)
        .annotate(ends_at=lapsing.end(), next_pull_at=Subquery(next_pull))
        .filter(ends_at__lte=Now() + lapsing.SOON)
        .select_related("connection__company")
        .only("connection", "connection__company", "organization")
        .order_by("ends_at", "pk")[:SHOWN]
    )
    return [
        Lapse(connection=each.connection, ends_at=each.ends_at, next_pull_at=each.next_pull_at)
        for each in found
    ]


def _name(key: str) -> str:
    return PLATFORMS[key].name if key in PLATFORMS else key
