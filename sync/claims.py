"""Who may write: a worker claims a pull by raising its fence, and holds it by a lease.

Every write names the fence. A worker that was given up, however late it wakes, changes no row.
All times are the database's, so clocks of workers do not matter.
"""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Greatest, Now

from companies import events
from connections import extra_data, sealing
from connections.models import Connection
from connections.platforms import get_platform
from connections.schemas import CustomType, data_type_of
from portal import processes
from sync import measures
from sync.models import (
    ACTIVE,
    RUNNING,
    WAITING,
    DataStatus,
    PlatformRequest,
    Pull,
    PullStatus,
    RejectedRecord,
    StagedPage,
    StagedRecord,
    ValidationIssue,
)

#: Longer than the slowest single request to a platform, which ends after 60 s.
LEASE = timedelta(seconds=75)
#: A pull that kills its workers is given up; infrastructure that fails is not the pull's fault, so
#: only attempts that staged no page count.
MAX_ATTEMPTS_WITHOUT_PROGRESS = 5
#: Pauses after so many workers that were lost without progress.
_PAUSES = [timedelta(seconds=seconds) for seconds in (0, 0, 5, 15, 45)]
#: Whoever does not get to the end in so long will not; a day's limit does not count.
DEADLINE = timedelta(hours=2)
#: Nobody's books hold more: a platform that goes on for ever is left before the disk is full.
MOST_RECORDS = 10_000_000
MOST_PAGES = 100_000
#: Every so often a full pull finds what incremental ones cannot tell.
INCREMENTALS_PER_FULL = 19
#: What a pull counts as it goes along.
_COUNTS = (
    "pages",
    "progress",
    "fetched",
    "added",
    "changed",
    "unchanged",
    "repeated",
    "rejected",
    "deleted",
    "warnings",
    "errors",
)
_FROM_THE_BEGINNING: dict[str, Any] = {
    "cursor": "",
    "watermark": "",
    "total": None,
    **dict.fromkeys(_COUNTS, 0),
}


_ALWAYS = Q()


class ClaimLost(Exception):
    """Somebody else has the pull, or it is gone: stop, and write nothing."""


_CLAIM = """
UPDATE sync_pull
   SET status = 'Fetching', status_description = '', fence = fence + 1,
       steps = steps || jsonb_build_object('status', 'Fetching', 'at', statement_timestamp()),
       lease_until = statement_timestamp() + %(lease)s * interval '1 second',
       claimed_at = statement_timestamp(), worker = %(worker)s,
       attempts = attempts + 1, attempts_without_progress = attempts_without_progress + 1,
       started_at = coalesce(started_at, statement_timestamp()),
       deadline_at = coalesce(
         deadline_at, statement_timestamp() + %(deadline)s * interval '1 second'
       ),
       not_before = NULL, outage_since = NULL
 WHERE id = (
    SELECT id FROM sync_pull
     WHERE connection_id = %(connection)s AND status = ANY(%(waiting)s)
       AND (not_before IS NULL OR not_before <= statement_timestamp())
     ORDER BY sync_order, requested_at, id
     LIMIT 1 FOR UPDATE SKIP LOCKED
   )
   AND NOT EXISTS (
    SELECT 1 FROM sync_pull
     WHERE connection_id = %(connection)s AND status = ANY(%(running)s)
       AND lease_until > statement_timestamp()
   )
RETURNING *, coalesce(deadline_at <= statement_timestamp(), false) AS is_late
"""


def claim(connection: Connection) -> Pull | None:
    """Take the connection's next waiting pull, unless one of its pulls is running already.

    The caller holds the connection's row, so that two workers do not take two pulls at once. The
    pull's row is skipped when locked: waiting for it could close a circle with a publisher.
    """
    claimed = Pull.objects.raw(
        _CLAIM,
        {
            "connection": connection.pk,
            "worker": processes.this_process(),
            "lease": LEASE.total_seconds(),
            "deadline": DEADLINE.total_seconds(),
            "waiting": [str(status) for status in WAITING],
            "running": [str(status) for status in RUNNING],
        },
    )
    pull = next(iter(claimed), None)
    if pull is None:
        return None
    pull.written_at = time.monotonic()
    pull.connection = connection
    measures.count_claim(pull)
    within = connection.organization_id
    published = Pull.objects.within(within).filter(pk=OuterRef("latest_success_pull_id"))
    status = (
        DataStatus.objects.within(within)
        .annotate(published_configuration=Subquery(published.values("configuration")))
        .get(connection=connection, data_type=pull.data_type)
    )
    pull.store_is_empty = status.latest_success_pull_id is None
    if not pull.cursor and not pull.pages:
        _choose_extent(
            pull,
            connection,
            status,
            status.published_configuration,  # type: ignore[attr-defined]  # an annotation
        )
    events.announce(pull.organization_id, pull.company_id)
    return pull


def _choose_extent(
    pull: Pull, connection: Connection, status: DataStatus, published_configuration: Any
) -> None:
    """Read what changed since the last published pull where the platform can tell.

    Whatever is asked for beyond the standard data is settled here too: other than the last time,
    it has to be read of every record.
    """
    data_type = data_type_of(pull.data_type)
    configuration = extra_data.wanted(connection, data_type)
    is_as_before = configuration == published_configuration
    is_incremental = (
        data_type in get_platform(connection.platform).incremental
        and status.watermark != ""
        and status.incrementals < INCREMENTALS_PER_FULL
        and not pull.accepts_disappearance
        and is_as_before
    )
    # Read from elsewhere, or told apart otherwise: that all others are gone is meant.
    is_told_apart = isinstance(data_type, CustomType) and not is_as_before
    chosen = {
        "is_full": not is_incremental,
        "since": status.watermark if is_incremental else "",
        "configuration": configuration,
        "accepts_disappearance": pull.accepts_disappearance or is_told_apart,
    }
    if any(getattr(pull, name) != value for name, value in chosen.items()):
        write(pull, **chosen)
        for name, value in chosen.items():
            setattr(pull, name, value)


def lock_owners(pull: Pull) -> Connection | None:
    """Take company and connection before the pull: whoever needs several rows takes them so.

    Gives the pull both as they are now, and returns the connection, or None when it was deleted.
    PostgreSQL takes the locks of one statement in the order in which `of` names them.
    """
    connection = (
        Connection.objects.within(pull.organization_id)
        .select_related("company")
        .select_for_update(no_key=True, of=("company", "self"))
        .filter(pk=pull.connection_id)
        .first()
    )
    if connection is not None:
        pull.connection, pull.company = connection, connection.company
    return connection


def lock_connection(organization_id: UUID, connection_id: UUID) -> Connection | None:
    """Take the connection, and read along what its platform is asked with."""
    return (
        Connection.objects.within(organization_id)
        .select_related("credentials")
        .select_for_update(no_key=True, of=("self",))
        .filter(pk=connection_id)
        .first()
    )


def credentials_read(pull: Pull) -> sealing.Read | None:
    """Return what the platform of a pull that was just claimed is asked with, if there is any."""
    if pull.lease_until is None or not hasattr(pull.connection, "credentials"):
        return None
    return sealing.Read(pull.connection.credentials, pull.lease_until - LEASE)


def step(status: PullStatus) -> Func:
    """Return a pull's steps with one more, as of now by the database's clock."""
    taken = Func(
        Value("status"),
        Cast(Value(str(status)), models.TextField()),
        Value("at"),
        Now(),
        function="jsonb_build_object",
    )
    return Func(
        F("steps"),
        taken,
        template="%(expressions)s",
        arg_joiner=" || ",
        output_field=models.JSONField(),
    )


def write(pull: Pull, *, given: Q = _ALWAYS, **fields: Any) -> None:
    """Change a claimed pull and renew its lease; from then on the transaction holds its row.

    :raises ClaimLost: when it is no longer ours, or not such that `given` holds.
    """
    if "status" in fields:
        fields["steps"] = step(fields["status"])
    held = Pull.objects.filter(given, pk=pull.pk, fence=pull.fence, status__in=RUNNING)
    if not held.update(**{"lease_until": Now() + LEASE, **fields}):
        raise ClaimLost(f"{pull.data_type} pull {pull.pk}, fence {pull.fence}")
    pull.written_at = time.monotonic()


def move(pull: Pull, status: PullStatus, *, given: Q = _ALWAYS, **fields: Any) -> None:
    """Show the next stage of a claimed pull."""
    write(pull, given=given, status=status, **fields)
    events.announce(pull.organization_id, pull.company_id)


def give_back(pull: Pull, *, reason: str) -> None:
    """Let another worker go on after the last staged page; the attempt is not held against it."""
    wait(pull, reason=reason, rung_at=None, **without_the_attempt())


def without_the_attempt() -> dict[str, Any]:
    """Return what to write of a pull whose attempt came to nothing, by no fault of its own."""
    return {"attempts_without_progress": Greatest(F("attempts_without_progress") - 1, 0)}


def wait(pull: Pull, *, reason: str, **fields: Any) -> None:
    """Put a claimed pull back among the waiting ones."""
    move(pull, PullStatus.QUEUED, status_description=reason, lease_until=None, **fields)


def requeue(pull: Pull) -> None:
    """Let another worker go on where the lost one stopped, after a while if that helps nobody.

    What takes all workers down within seconds, such as a machine without memory, is not the pull's
    fault; and if it is, it has them less often.
    """
    Pull.objects.filter(pk=pull.pk, fence=pull.fence).update(
        not_before=Now() + _PAUSES[pull.attempts_without_progress],
        status=PullStatus.QUEUED,
        steps=step(PullStatus.QUEUED),
        status_description="Its worker was lost; another one goes on after the last stored page.",
        lease_until=None,
        rung_at=None,
    )
    events.announce(pull.organization_id, pull.company_id)


def begin_again(pull: Pull, *, reason: str) -> None:
    """Put a claimed pull back among the waiting ones, with nothing fetched yet."""
    wait(pull, reason=reason, rung_at=None, **_FROM_THE_BEGINNING)
    StagedPage.objects.within(pull.organization_id).filter(pull_id=pull.pk).delete()
    StagedRecord.objects.within(pull.organization_id).filter(pull_id=pull.pk).delete()
    RejectedRecord.objects.within(pull.organization_id).filter(pull=pull).delete()
    ValidationIssue.objects.within(pull.organization_id).filter(pull=pull).delete()


def start_over(*, reason: str) -> int:
    """Queue the entered organization's unfinished pulls from their beginning; answer how many.

    For what comes out of a backup or from another installation: no worker has them, and the
    platforms' pages have moved on since the ones that were staged.
    """
    unfinished = Pull.objects.filter(status__in=ACTIVE)
    ids = list(unfinished.values_list("pk", flat=True))
    StagedPage.objects.all().delete()
    StagedRecord.objects.all().delete()
    for kept in (RejectedRecord, ValidationIssue, PlatformRequest):
        kept.objects.filter(pull_id__in=ids).delete()
    unfinished.exclude(status=PullStatus.QUEUED).update(steps=step(PullStatus.QUEUED))
    return unfinished.update(
        status=PullStatus.QUEUED,
        status_description=reason,
        fence=F("fence") + 1,
        lease_until=None,
        rung_at=None,
        attempts_without_progress=0,
        **_FROM_THE_BEGINNING,
    )
