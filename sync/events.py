"""What a pull's end tells the rest of the product, written in the transaction of that end."""

from django.db import connection as database

from companies import events
from companies.models import EventType
from connections.schemas import DataType
from sync.models import ACTIVE, Pull, PullStatus

_LOCK_BATCH = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def record_finished(pull: Pull) -> None:
    """Remember the end of a pull, and of its batch when it was the connection's last one of it."""
    events.record(
        EventType.PULL_FINISHED,
        organization_id=pull.organization_id,
        company_id=pull.company_id,
        connection_id=pull.connection_id,
        actor=pull.requested_by,
        summary=_summary(pull),
        payload={"pullId": str(pull.pk), "trigger": pull.trigger, **_outcome(pull)},
    )
    _record_batch(pull)


def _record_batch(pull: Pull) -> None:
    with database.cursor() as cursor:
        # Two last pulls ending at once would each see the other one as still active.
        cursor.execute(_LOCK_BATCH, [f"{pull.batch}{pull.connection_id}"])
    batch = Pull.objects.filter(batch=pull.batch, connection_id=pull.connection_id)
    if batch.filter(status__in=ACTIVE).exists():
        return
    outcomes = [_outcome(member) for member in batch.order_by("sync_order", "id")]
    complete = sum(outcome["status"] == PullStatus.COMPLETE for outcome in outcomes)
    is_first = pull.trigger == Pull.Trigger.FIRST_LINK
    events.record(
        EventType.READ_COMPLETED_INITIAL if is_first else EventType.READ_COMPLETED,
        organization_id=pull.organization_id,
        company_id=pull.company_id,
        connection_id=pull.connection_id,
        actor=pull.requested_by,
        summary=f"finished {'the first pull' if is_first else 'a pull'}: "
        f"{complete} of {len(outcomes)} data types complete",
        payload={"batch": str(pull.batch), "dataTypes": outcomes},
    )


def _outcome(pull: Pull) -> dict[str, object]:
    return {
        "dataType": pull.data_type,
        "status": pull.status,
        "fetched": pull.fetched,
        "added": pull.added,
        "changed": pull.changed,
        "unchanged": pull.unchanged,
        "repeated": pull.repeated,
        "rejected": pull.rejected,
        "deleted": pull.deleted,
        "errorMessage": pull.error_message,
    }


def _summary(pull: Pull) -> str:
    name = DataType(pull.data_type).label
    if pull.status != PullStatus.COMPLETE:
        return f"{name}: {PullStatus(pull.status).label.lower()}. {pull.error_message}".strip()
    parts = [
        f"{count} {word}"
        for count, word in (
            (pull.added, "added"),
            (pull.changed, "changed"),
            (pull.deleted, "deleted"),
            (pull.rejected, "kept aside"),
        )
        if count
    ]
    return f"{name}: {', '.join(parts) or 'nothing new'}"
