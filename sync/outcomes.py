"""How a pull ends, whatever the reason: one place writes the row, the schedule and the events.

Every sentence says what happened, what it means and what happens next.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db.models import OuterRef, Subquery

from connections import operations as connection_operations
from connections.models import Connection
from connections.platforms import get_platform
from connections.platforms.base import (
    InvalidCredentials,
    NotSupported,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Unexpected,
    Unreadable,
)
from portal.clock import now
from portal.wording import source_text
from sync import claims, events, measures, schedule
from sync.models import WAITING, DataStatus, Pull, PullStatus, StagedPage, StagedRecord

#: Longer than this nobody waits in the queue: the pull ends and says when to try again.
LONGEST_WAIT = timedelta(minutes=15)
#: A day's allowance comes back by itself, and asking again before is what the platform forbids: a
#: pull waits for it however long a day may be, and when the platform does not say, for an hour.
LONGEST_DAY = timedelta(hours=25)
DAY_WITHOUT_A_TIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An unhappy end in words."""

    status: PullStatus
    message: str
    detail: str = ""
    #: When the platform asked to come back, if it said so.
    not_before: datetime | None = None
    #: Shown on the connection until its data flow again; the API's status code.
    connection_error: str = ""
    #: A person may accept what looked too odd to be published.
    is_held: bool = False
    #: The data type goes on as scheduled although this pull says nothing of it.
    keeps_schedule: bool = False


#: Ends after which another try in the same slot makes sense.
_WORTH_RETRYING = frozenset(
    {
        PullStatus.FETCH_ERROR,
        PullStatus.RATE_LIMIT_ERROR,
        PullStatus.PROCESSING_ERROR,
        PullStatus.INTERNAL_ERROR,
    }
)
#: Ends that come with a `connection_error`.
_SHOWN_ON_CONNECTION = (PullStatus.FETCH_ERROR, PullStatus.PERMISSIONS_ERROR)
#: Ends that say nothing about when the next pull is due: the connection itself is out of use.
_UNSCHEDULED = frozenset({PullStatus.CANCELLED, PullStatus.AUTH_ERROR, PullStatus.NOT_SUPPORTED})


def failure_of(error: PlatformError) -> Failure:
    """Say what a platform's refusal means for the pull."""
    match error:
        case PermissionMissing():
            return Failure(
                status=PullStatus.PERMISSIONS_ERROR,
                message=f"{error.message} Ask the customer to grant it by opening the Link URL.",
                detail=error.detail,
                connection_error="403",
            )
        case RateLimited():
            wait = timedelta(seconds=error.retry_after or 0)
            return Failure(
                status=PullStatus.RATE_LIMIT_ERROR,
                message=f"{error.message} Its limit of requests is used up.",
                detail=error.detail,
                not_before=now() + wait if wait else None,
            )
        case Unreadable():  # shown on the connection by whoever found it so
            return Failure(
                status=PullStatus.INTERNAL_ERROR,
                message=f"{error.message} What was pulled before stays as it was.",
                detail=error.detail,
            )
        case NotSupported():
            return Failure(
                status=PullStatus.NOT_SUPPORTED, message=error.message, detail=error.detail
            )
        case InvalidCredentials():
            return Failure(
                status=PullStatus.FETCH_ERROR,
                message=f"{error.message} Ask the customer to put it right by opening the Link "
                "URL. What was pulled before stays as it was.",
                detail=error.detail,
                connection_error="502",
            )
        case _:
            return Failure(
                status=PullStatus.FETCH_ERROR,
                message=f"{error.message} What was pulled before stays as it was.",
                detail=error.detail,
                connection_error="502" if isinstance(error, Unexpected) else "503",
            )


def fail(pull: Pull, failure: Failure) -> None:
    """End a claimed pull without publishing anything, in the caller's transaction.

    :raises ClaimLost: when the pull is no longer ours.
    """
    claims.lock_owners(pull)
    claims.write(pull)  # gone with its connection, or somebody else's: then nothing below holds
    status = _status_of(pull)
    next_due_at = _next_due(status, failure)
    message = _with_next_step(failure, next_due_at)
    moment = now()
    claims.write(
        pull,
        status=failure.status,
        status_description="",
        error_message=message,
        # A platform's answer may hold anything; PostgreSQL stores no NUL.
        error_detail=failure.detail[:10_000].replace("\x00", "\\x00"),
        completed_at=moment,
        lease_until=None,
        deleted=0,
        is_held=failure.is_held,
    )
    pull.status, pull.error_message, pull.completed_at = failure.status, message, moment
    _settle(pull, status, next_due_at)
    if failure.connection_error:
        connection_operations.report_error(
            pull.connection,
            status_code=failure.connection_error,
            status_text=source_text(failure.status.label),
            message=failure.message,
        )


def cancel_waiting(connection: Connection) -> None:
    """End the pulls that wait on a connection which is out of use, in the caller's transaction."""
    failure = out_of_use(connection)
    waiting = list(
        Pull.objects.filter(connection=connection, status__in=WAITING)
        .select_for_update(of=("self",))
        .order_by("id")
    )
    # Each to its end before the next: the last one of a batch tells of the batch. One order for
    # all, since ending a pull locks its batch, which may reach over other connections.
    for pull in sorted(waiting, key=lambda pull: pull.batch):
        end_waiting(pull, failure)


def end_waiting(pull: Pull, failure: Failure) -> None:
    """End a pull that no worker has; the caller holds its row, and the owners' before it."""
    status = _status_of(pull)
    next_due_at = _next_due(status, failure)
    pull.status, pull.error_message = failure.status, _with_next_step(failure, next_due_at)
    pull.completed_at, pull.status_description, pull.deleted = now(), "", 0
    pull.save(
        update_fields=["status", "error_message", "completed_at", "status_description", "deleted"]
    )
    Pull.objects.filter(pk=pull.pk).update(steps=claims.step(failure.status))
    _settle(pull, status, next_due_at)


def cancelled(pull: Pull) -> Failure:
    """Say who wanted a pull to stop."""
    by = f" by {pull.canceller}" if pull.canceller else ""
    return Failure(
        status=PullStatus.CANCELLED,
        message=f"Cancelled{by}. What was pulled before stays as it was.",
        keeps_schedule=True,
    )


def out_of_use(connection: Connection, detail: str = "") -> Failure:
    """Say why nothing is pulled over this connection."""
    if connection.status == Connection.Status.DEAUTHORIZED:
        name = get_platform(connection.platform).name
        return Failure(
            status=PullStatus.AUTH_ERROR,
            message=f"{name} no longer accepts the customer's authorization. Nothing more is "
            "pulled until the customer opens the Link URL and allows access again.",
            detail=detail,
        )
    return Failure(
        status=PullStatus.CANCELLED,
        message="The connection is no longer linked. What was pulled before can still be read; "
        "link it again to go on.",
    )


#: Whatever tells of the last success, and what was staged.
_SUCCEED = f"""
WITH dropped AS (
  DELETE FROM sync_stagedrecord WHERE pull_id = %(pull)s
), dropped_pages AS (
  DELETE FROM sync_stagedpage WHERE pull_id = %(pull)s
), connected AS (
  UPDATE connections_connection SET last_pull_at = %(moment)s WHERE id = %(connection)s
), company AS (
  UPDATE companies_company SET last_pull_at = %(moment)s WHERE id = %(company)s
)
UPDATE sync_datastatus d
   SET latest_pull_id = %(pull)s, latest_status = 'Complete', latest_success_pull_id = %(pull)s,
       last_success_at = %(moment)s, watermark = %(watermark)s, record_count = %(record_count)s,
       incrementals = CASE WHEN %(is_full)s THEN 0 ELSE d.incrementals + 1 END, failures = 0,
       next_due_at = {
    schedule.NEXT.format(
        frequency="d.frequency", moment="%(moment)s::timestamptz", connection="d.connection_id"
    )
}
 WHERE d.connection_id = %(connection)s AND d.data_type = %(data_type)s
"""  # noqa: S608 - made of the constants above


def complete(pull: Pull, counts: dict[str, Any], moment: datetime, record_count: int) -> None:
    """End a claimed pull whose records have just been merged, in the same transaction.

    That holds the owners: the connection is the pull's as it is now.

    :raises ClaimLost: when the pull is no longer ours.
    """
    claims.write(
        pull,
        status=PullStatus.COMPLETE,
        status_description="",
        error_message="",
        error_detail="",
        completed_at=moment,
        lease_until=None,
        progress=100,
        **counts,
    )
    pull.status, pull.completed_at, pull.progress = PullStatus.COMPLETE, moment, 100
    with database.cursor() as cursor:
        cursor.execute(
            _SUCCEED,
            {
                "pull": pull.pk,
                "company": pull.company_id,
                "connection": pull.connection_id,
                "data_type": pull.data_type,
                "moment": moment,
                "watermark": pull.watermark,
                "is_full": pull.is_full,
                "record_count": record_count,
            },
        )
    events.record_finished(pull)
    measures.count_end(pull)
    if pull.connection.has_active_error and not _is_anything_shown(pull.connection):
        connection_operations.resolve_errors(pull.connection)


def _is_anything_shown(connection: Connection) -> bool:
    """Tell whether a type last ended in what is shown on the connection, and did not work since."""
    ended = Pull.objects.filter(
        connection=connection, data_type=OuterRef("data_type"), completed_at__isnull=False
    )
    return (
        DataStatus.objects.filter(connection=connection, failures__gt=0)
        .annotate(last_end=Subquery(ended.newest_first().values("status")[:1]))
        .filter(last_end__in=_SHOWN_ON_CONNECTION)
        .exists()
    )


def _status_of(pull: Pull) -> DataStatus:
    return DataStatus.objects.select_for_update(of=("self",)).get(
        connection_id=pull.connection_id, data_type=pull.data_type
    )


def _settle(pull: Pull, status: DataStatus, next_due_at: datetime | None) -> None:
    """Bring the data type up to date, drop what was staged and tell of an unhappy end."""
    status.latest_pull_id = pull.pk
    status.latest_status = pull.status
    status.next_due_at = next_due_at
    if pull.is_errored:
        status.failures = min(status.failures + 1, 1000)
    status.save(update_fields=["latest_pull_id", "latest_status", "failures", "next_due_at"])
    StagedPage.objects.within(pull.organization_id).filter(pull_id=pull.pk).delete()
    StagedRecord.objects.within(pull.organization_id).filter(pull_id=pull.pk).delete()
    events.record_finished(pull)
    measures.count_end(pull)


def _next_due(status: DataStatus, failure: Failure) -> datetime | None:
    if failure.status in _UNSCHEDULED and not failure.keeps_schedule:
        return None
    moment = now()
    if failure.status in _WORTH_RETRYING:
        due = schedule.retry_after(status.frequency, moment, status.failures)
    else:
        due = schedule.due_after(status.frequency, moment)
    if due and failure.not_before:
        return max(due, failure.not_before)
    return due


def _with_next_step(failure: Failure, next_due_at: datetime | None) -> str:
    if failure.status in _UNSCHEDULED:
        due = f" It is pulled again at {clock(next_due_at)}." if next_due_at else ""
        return f"{failure.message}{due}"
    if next_due_at:
        return f"{failure.message} Ledgerport tries again by itself at {clock(next_due_at)}."
    when = f" after {clock(failure.not_before)}" if failure.not_before else ""
    return f"{failure.message} Nothing is scheduled: press Refresh data{when} to try again."


def clock(moment: datetime) -> str:
    """Say when, as part of a sentence that is stored: in UTC, since readers differ."""
    moment = moment.astimezone(UTC)
    is_today = moment.date() == now().date()
    return f"{moment:%H:%M} UTC" if is_today else f"{moment:%H:%M} UTC on {moment.day} {moment:%B}"
