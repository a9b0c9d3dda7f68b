"""Do pulls account for what they fetched, and has every one that runs somebody who runs it?"""

from collections.abc import Iterator

from django.conf import settings

from portal.verification.rows import number, streamed
from sync.models import ACTIVE, RUNNING, PullStatus


def outcomes() -> Iterator[int | str]:
    yield number("SELECT count(*) FROM sync_pull")
    for pull, data_type, fetched, accounted in streamed(
        "SELECT id, data_type, fetched, added + changed + unchanged + repeated + rejected "
        "FROM sync_pull WHERE status = %s "
        "AND fetched <> added + changed + unchanged + repeated + rejected",
        (PullStatus.COMPLETE,),
    ):
        yield f"pull {pull} ({data_type}) fetched {fetched} records and accounts for {accounted}"
    for (pull,) in streamed(
        "SELECT id FROM sync_pull WHERE NOT status = ANY(%s) "
        "AND (completed_at IS NULL OR lease_until IS NOT NULL)",
        (_texts(ACTIVE),),
    ):
        yield f"pull {pull} has ended without a time, or with a lease"
    # Some pulls are kept for longer than what happened then.
    for (pull,) in streamed(
        "SELECT p.id FROM sync_pull p WHERE NOT p.status = ANY(%s) "
        "AND p.completed_at > statement_timestamp() - make_interval(days => %s) AND NOT EXISTS ("
        "  SELECT FROM companies_event e WHERE e.organization_id = p.organization_id "
        "  AND e.connection_id = p.connection_id AND e.type = 'pull.finished' "
        "  AND e.payload ->> 'pullId' = p.id::text)",
        (_texts(ACTIVE), settings.KEEP_EVENTS_DAYS),
    ):
        yield f"nothing tells of the end of pull {pull}"
    for table, what in (("sync_stagedrecord", "records"), ("sync_stagedpage", "pages")):
        for pull, count in streamed(
            f"SELECT s.pull_id, count(*) FROM {table} s LEFT JOIN sync_pull p "  # noqa: S608 - ours
            "ON p.id = s.pull_id AND p.status = ANY(%s) WHERE p.id IS NULL GROUP BY 1",
            (_texts(ACTIVE),),
        ):
            yield f"{count} staged {what} are left of pull {pull}, which is over"


def leases() -> Iterator[int | str]:
    yield number("SELECT count(*) FROM sync_pull WHERE status = ANY(%s)", (_texts(ACTIVE),))
    for pull, data_type, lease in streamed(
        "SELECT id, data_type, lease_until FROM sync_pull WHERE status = ANY(%s) AND "
        # A worker that was lost is found within seconds by whoever looks.
        "(lease_until IS NULL OR lease_until < statement_timestamp() - interval '10 minutes')",
        (_texts(RUNNING),),
    ):
        if lease is None:
            yield f"pull {pull} ({data_type}) runs without a lease"
        else:
            yield f"pull {pull} ({data_type}) lost its worker at {lease:%H:%M}: does beat run?"


def _texts(statuses: tuple[PullStatus, ...]) -> list[str]:
    return [str(status) for status in statuses]
