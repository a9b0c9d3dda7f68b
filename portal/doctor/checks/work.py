"""Does work get done? What waits longer than it should, and what fails for many."""

from datetime import timedelta

from django.db.models import Count, Min

from companies import tenancy
from companies.models import OutboxEntry
from connections.platforms import PLATFORMS
from portal import clock
from portal.doctor.findings import Answer, Level, graded, ok, several, warning
from sync import backlog
from sync.backlog import Backlog, Failing
from webhooks import claims

_PULL_WAITS = (timedelta(minutes=5), timedelta(minutes=30))
_SCHEDULE_WAITS = (timedelta(minutes=5), timedelta(minutes=30))
#: The scheduler takes them up within seconds.
_LOST = (timedelta(minutes=1), timedelta(minutes=1))
_OUTBOX_WAITS = (timedelta(minutes=1), timedelta(minutes=10))
_DELIVERY_WAITS = timedelta(minutes=5)
#: A few customers whose access ended are everyday; so many of a platform's are not.
_MANY, _MANY_SHARE = 3, 0.25


def waiting() -> Answer:
    with tenancy.system():
        found = backlog.waiting()
    return _aged(
        found,
        _PULL_WAITS,
        "Pulls that could run and wait",
        "Workers do not keep up, or do not run; data come late.",
        "See processes.worker; start more workers. Under Monitor an organization sees its own.",
    )


def overdue() -> Answer:
    with tenancy.system():
        found = backlog.overdue()
    return _aged(
        found,
        _SCHEDULE_WAITS,
        "Data types that are due and were not queued",
        "The scheduler does not run, or does not keep up; data come late.",
        "See processes.scheduler. If it lives, the log of the worker on the queue clock tells what "
        "it fails at.",
    )


def lost() -> Answer:
    with tenancy.system():
        found = backlog.lost()
    return _aged(
        found,
        _LOST,
        "Pulls that lost their worker and were not taken up",
        "They stand still, and the next pulls of the same data with them.",
        "See processes.scheduler: it gives them to other workers within seconds.",
    )


def outbox() -> Answer:
    with tenancy.system():
        found = OutboxEntry.objects.aggregate(count=Count("pk"), since=Min("created_at"))
    return _aged(
        Backlog(found["count"], found["since"]),
        _OUTBOX_WAITS,
        "Events that wait in the outbox",
        "Those who subscribed are not told of them yet.",
        "See processes.relay. If it lives, its log tells what it waits for.",
    )


def deliveries() -> Answer:
    """Ask of each endpoint for the first message that is due; slow ones may keep others waiting."""
    late = [-each.seconds for each in claims.waiting() if each.seconds < 0]
    oldest = timedelta(seconds=max(late, default=0.0))
    return graded(
        Level.WARNING if oldest > _DELIVERY_WAITS else Level.OK,
        f"Endpoints with messages due: {len(late):,}, the first for {_told(oldest)}."
        if late
        else "Endpoints with messages due: none.",
        "They arrive late: the relay does not keep up, or these endpoints answer slowly.",
        "See processes.relay; start another relay. Under Webhooks each endpoint shows its answers.",
    )


def platforms() -> Answer:
    with tenancy.system():
        found = backlog.failing()
    many = [each for each in found if _is_many(each)]
    if many:
        return warning(
            f"{several(map(_spread, many))}.",
            "So many at once have one cause: the platform is out, has changed something, or our "
            "registration there has ended.",
            "See outbound.platform, the platform's own status page, and under Monitor the causes.",
        )
    linked, failing = sum(each.linked for each in found), sum(each.failing for each in found)
    return ok(f"{failing:,} of {linked:,} linked connections have data that cannot be pulled now.")


def _aged(
    found: Backlog, limits: tuple[timedelta, timedelta], what: str, means: str, remedy: str
) -> Answer:
    if found.since is None:
        return ok(f"{what}: none.")
    age = max(clock.now() - found.since, timedelta())
    level = Level.OK
    if age > limits[0]:
        level = Level.ERROR if age > limits[1] else Level.WARNING
    return graded(level, f"{what}: {found.count:,}, the first for {_told(age)}.", means, remedy)


def _is_many(each: Failing) -> bool:
    return each.failing >= _MANY and each.failing >= _MANY_SHARE * each.linked


def _spread(each: Failing) -> str:
    platform = PLATFORMS.get(each.platform)
    name = platform.name if platform else each.platform
    return f"{name} fails for {each.failing:,} of {each.linked:,} connections"


def _told(age: timedelta) -> str:
    if age < timedelta(minutes=2):
        return f"{age.total_seconds():.0f} seconds"
    if age < timedelta(hours=2):
        return f"{age / timedelta(minutes=1):,.0f} minutes"
    return f"{age / timedelta(hours=1):,.0f} hours"
