"""What a pull's end tells the rest of the product, written in the transaction of that end."""

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid5

from django.db import connection as database
from django.db.models import Exists

from companies import events
from companies.facts import company_facts
from companies.models import Company, Event, EventType
from connections.schemas import data_type_of
from portal.wording import source_text
from sync.models import Pull, PullStatus

_READ_COMPLETED = (EventType.READ_COMPLETED, EventType.READ_COMPLETED_INITIAL)
_LOCK_BATCH = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def record_finished(pull: Pull) -> None:
    """Remember the end of a pull, and of its batch when it was the last one of it."""
    batch = _lock_batch(pull.batch, pull.company)
    events.record(
        EventType.PULL_FINISHED,
        organization_id=pull.organization_id,
        company_id=pull.company_id,
        connection_id=pull.connection_id,
        actor=next(each.requested_by for each in batch if each.pk == pull.pk),
        summary=_summary(pull),
        payload={"pullId": str(pull.pk), "trigger": pull.trigger, **_outcome(pull)},
    )
    _record_batch(batch, pull.company)


def record_rest(batches: Iterable[UUID], company: Company) -> None:
    """Remember that batches ended because what was left of them went with its connection."""
    for batch_id in sorted(batches):
        _record_batch(_lock_batch(batch_id, company), company)


def _lock_batch(batch_id: UUID, company: Company) -> list[Pull]:
    """Return what was asked for together, over however many connections."""
    with database.cursor() as cursor:
        # Two last pulls ending at once would each see the other one as still active.
        cursor.execute(_LOCK_BATCH, [str(batch_id)])
    told = [uuid5(batch_id, each) for each in _READ_COMPLETED]
    return list(
        Pull.objects.within(company.organization_id)
        .filter(batch=batch_id)
        .select_related("requested_by", "connection")
        .annotate(is_told=Exists(Event.objects.within(company.organization_id).filter(pk__in=told)))
        .order_by("connection__created_at", "connection_id", "sync_order", "id")
    )


def _record_batch(batch: Sequence[Pull], company: Company) -> None:
    """Tell once of all that was asked for together."""
    if not batch or any(pull.is_active for pull in batch):
        return
    outcomes = [
        {
            **_outcome(pull),
            "pullId": str(pull.pk),
            "connectionId": str(pull.connection_id),
            "platform": pull.connection.platform_name,
            "warnings": pull.warnings,
            "errors": pull.errors,
        }
        for pull in batch
    ]
    complete = sum(outcome["status"] == PullStatus.COMPLETE for outcome in outcomes)
    first = batch[0]
    is_told = first.is_told  # type: ignore[attr-defined]  # an annotation
    is_first = first.trigger == Pull.Trigger.FIRST_LINK
    connections = {pull.connection_id for pull in batch}
    event_type = EventType.READ_COMPLETED_INITIAL if is_first else EventType.READ_COMPLETED
    events.record(
        event_type,
        # Named, so that pulls repeated after a restored backup tell it once.
        event_id=None if is_told else uuid5(first.batch, event_type),
        organization_id=company.organization_id,
        company_id=company.pk,
        connection_id=connections.pop() if len(connections) == 1 else None,
        actor=first.requested_by,
        summary=f"finished {'the first pull' if is_first else 'a pull'}: "
        f"{complete} of {len(outcomes)} data types complete",
        payload={
            "batch": str(first.batch),
            "company": company_facts(company),
            "dataTypes": outcomes,
        },
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
    name = data_type_of(pull.data_type).english
    if pull.status != PullStatus.COMPLETE:
        status = source_text(PullStatus(pull.status).label).lower()
        return f"{name}: {status}. {pull.error_message}".strip()
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
