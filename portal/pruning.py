"""What is past its time goes: months of append-only tables at once, other rows a little at a time.

It may run while everything else does, and be stopped at any moment. Nothing is remembered but how
far each organization is: what is past its time is found again, and whoever waits the longest comes
first. Two at once would only be in each other's way: the second ends.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, connections
from django.db.models.functions import Now
from psycopg.errors import DeadlockDetected, LockNotAvailable

from companies import partitions, tenancy
from companies.models import Organization, Pruning
from companies.partitions import Part
from companies.prunings import LOCK
from portal import clock
from portal.owner import owner_beside, owns_tables
from sync import retention as pulls
from webhooks import retention as messages
from webhooks.recovery import KEPT_FOR


class NotAllowed(Exception):
    """The login does not own the tables, so it can drop none of their parts."""


class UnderWay(Exception):
    """Somebody else prunes."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a table's rows are kept, and which of a month's keep it from going."""

    table: str
    kind: str
    #: The name of the setting that says it; where there is none it is no matter of choice.
    setting: str | None
    #: SQL that asks whether any of `{part}` is needed still.
    unless: str = "false"

    @property
    def keeps(self) -> timedelta:
        if self.setting is None:
            return KEPT_FOR
        return timedelta(days=getattr(settings, self.setting))


POLICIES = (
    Policy("sync_platformrequest", "platform_requests", "KEEP_PLATFORM_REQUESTS_DAYS"),
    # They go with their messages, one by one: what is left is of a message that is not over.
    Policy("webhooks_attempt", "attempts", None, "EXISTS (SELECT FROM {part})"),
    Policy(
        "companies_event",
        "events",
        "KEEP_EVENTS_DAYS",
        "EXISTS (SELECT FROM {part} p JOIN companies_outboxentry o ON o.event_id = p.id) OR "
        "EXISTS (SELECT FROM {part} p JOIN webhooks_delivery d ON d.event_id = p.id) OR "
        "EXISTS (SELECT FROM {part} p JOIN webhooks_alertemail a ON a.event_id = p.id)",
    ),
)


@dataclass
class Outcome:
    """What became of one kind of row: those that went one by one, and months that went whole."""

    kind: str
    rows: int = 0
    months: list[str] = field(default_factory=list)
    seconds: float = 0.0
    #: Months that somebody uses or needs still, and organizations one of whose rows is in use: the
    #: next pruning finds them.
    left: list[str] = field(default_factory=list)

    def for_organization(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "rows": self.rows,
            "months": len(self.months),
            "seconds": round(self.seconds, 3),
        }


@dataclass
class Report:
    is_finished: bool = False
    seconds: float = 0.0
    organizations: int = 0
    #: Months that were made ahead, and rows that had waited for theirs.
    made: list[str] = field(default_factory=list)
    moved: int = 0
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def of(self, kind: str) -> Outcome:
        return self.outcomes.setdefault(kind, Outcome(kind))

    def as_json(self) -> dict[str, object]:
        return {
            "isFinished": self.is_finished,
            "seconds": self.seconds,
            "organizations": self.organizations,
            "made": self.made,
            "moved": self.moved,
            "outcomes": [asdict(each) for each in self.outcomes.values()],
        }


type Tell = Callable[[str], None]


def prune(report: Report, *, tell: Tell, rest: float | None = None) -> None:
    """Let go of everything that is past its time; the report grows with what is done.

    :raises NotAllowed: when the login does not own the tables.
    :raises UnderWay: when somebody else prunes.
    """
    began = time.monotonic()
    with _alone() as owner:
        now = clock.now()
        try:
            for made in partitions.make_months(owner, now):
                report.made.append(made.name)
                report.moved += made.moved
                tell(f"made {made.name}, {made.moved:,} rows had waited for it")
        except partitions.InUse:
            tell("a table is in use: its months ahead are made the next time")
        for policy in POLICIES:
            _drop_months(owner, policy, now, report, tell)
        for organization_id in _in_turn():
            _prune_organization(organization_id, now, report, tell, rest)
            report.organizations += 1
        report.is_finished = not (report.of("messages").left or report.of("pulls").left)
        report.seconds = time.monotonic() - began


def look(report: Report) -> None:
    """Say what there is to let go of, and leave it where it is."""
    began, now = time.monotonic(), clock.now()
    with connection.cursor() as cursor:
        found = partitions.parts(cursor)
    for policy in POLICIES:
        report.of(policy.kind).months += [each.name for each in past(found, policy, now)]
    for organization_id in _in_turn():
        report.of("messages").rows += messages.count_old(organization_id)
        report.of("pulls").rows += pulls.count_old(organization_id, _pulls_before(now))
        report.organizations += 1
    report.is_finished = True
    report.seconds = time.monotonic() - began


def past(found: list[Part], policy: Policy, now: datetime) -> list[Part]:
    """Return the months all of whose rows have been kept for long enough."""
    return [
        each
        for each in found
        if each.table == policy.table
        and each.until is not None
        and each.until <= now - policy.keeps
    ]


@contextmanager
def _alone() -> Iterator[str]:
    if not owns_tables():
        raise NotAllowed
    with owner_beside() as owner, connections[owner].cursor() as cursor:
        # Of the session: it ends with this process, however that ends.
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if cursor.fetchone() != (True,):
            raise UnderWay
        yield owner


def _drop_months(owner: str, policy: Policy, now: datetime, report: Report, tell: Tell) -> None:
    outcome = report.of(policy.kind)
    with connections[owner].cursor() as cursor:
        found = past(partitions.parts(cursor), policy, now)
    for part in found:
        began = time.monotonic()
        try:
            is_gone = partitions.drop(owner, part, unless=policy.unless)
            why = "some of it is needed still"
        except partitions.InUse:
            is_gone, why = False, "it is in use"
        outcome.seconds += time.monotonic() - began
        (outcome.months if is_gone else outcome.left).append(part.name)
        tell(f"dropped {part.name}" if is_gone else f"left {part.name}: {why}")


def _prune_organization(
    organization_id: UUID, now: datetime, report: Report, tell: Tell, rest: float | None
) -> None:
    resting = {} if rest is None else {"rest": rest}
    mine = [
        Outcome(each.kind, months=list(each.months), seconds=each.seconds)
        for each in (report.of(policy.kind) for policy in POLICIES)
    ]
    try:
        with tenancy.entered(organization_id):
            Pruning.objects.within(organization_id).update_or_create(
                organization_id=organization_id,
                defaults={"started_at": Now(), "ended_at": None, "outcome": _told(mine)},
            )
    except IntegrityError:
        tell(f"organization {organization_id} was deleted meanwhile")
        return
    sent, old = Outcome("messages"), Outcome("pulls")
    with _counted(sent, report, organization_id, tell):
        sent.rows += messages.forget_old(organization_id, **resting)
    with _counted(old, report, organization_id, tell):
        for deleted in pulls.forget_old(organization_id, _pulls_before(now), **resting):
            old.rows += deleted
            if deleted:
                tell(f"organization {organization_id}: {old.rows:,} pulls")
    with tenancy.entered(organization_id):
        Pruning.objects.within(organization_id).update(
            ended_at=None if sent.left or old.left else Now(), outcome=_told([*mine, sent, old])
        )


@contextmanager
def _counted(outcome: Outcome, report: Report, organization_id: UUID, tell: Tell) -> Iterator[None]:
    """Add to the report what was done, and that the rest is left where somebody else is at it."""
    began = time.monotonic()
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            raise
        outcome.left.append(str(organization_id))
        tell(f"organization {organization_id}: {outcome.kind} are in use, the rest is left")
    outcome.seconds = time.monotonic() - began
    whole = report.of(outcome.kind)
    whole.rows += outcome.rows
    whole.seconds += outcome.seconds
    whole.left += outcome.left


def _told(outcomes: list[Outcome]) -> list[dict[str, object]]:
    return [each.for_organization() for each in outcomes]


def _pulls_before(now: datetime) -> datetime:
    return now - timedelta(days=settings.KEEP_PULLS_DAYS)


def _in_turn() -> list[UUID]:
    """Put first where it was interrupted, then where it never was, then where it is longest ago."""
    with tenancy.system():
        everybody = set(Organization.objects.values_list("pk", flat=True))
        ended = dict(Pruning.objects.values_list("organization_id", "ended_at"))
    started = [pk for pk in everybody if pk in ended and ended[pk] is None]
    never = [pk for pk in everybody if pk not in ended]
    before = [(at, pk) for pk, at in ended.items() if at is not None and pk in everybody]
    return [*sorted(started), *sorted(never), *(pk for _, pk in sorted(before))]
