"""Every pull that was promised ran once, ended, and says the truth of how."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chaos.database import Database
from chaos.oracle.verdict import Verdict
from chaos.scenario import Scenario

#: What a pull may end as when the platform answered wrongly meanwhile.
_EXCUSABLE = ("FetchError", "RateLimitError")
#: A fault is felt by requests that began before it was put right.
_AFTERWARDS = timedelta(seconds=60)
_ACTIVE = (
    "Initial", "Queued", "Fetching", "MapQueued", "Mapping", "ValidationQueued", "Validating",
    "ProcessingQueued", "Processing",
)  # fmt: skip
_PROGRESSED = (
    "ended", "run", "wait behind one that runs", "wait for the platform", "wait for a worker",
)  # fmt: skip
_PROGRESS = """
SELECT count(*) FILTER (WHERE completed_at IS NOT NULL),
       count(*) FILTER (WHERE is_running),
       count(*) FILTER (WHERE is_waiting AND is_behind),
       count(*) FILTER (WHERE is_waiting AND NOT is_behind AND is_parked),
       count(*) FILTER (WHERE is_waiting AND NOT is_behind AND NOT is_parked)
  FROM (
    SELECT completed_at,
           completed_at IS NULL AND status NOT IN ('Initial', 'Queued') AS is_running,
           status IN ('Initial', 'Queued') AS is_waiting,
           coalesce(not_before > clock_timestamp(), false) AS is_parked,
           bool_or(completed_at IS NULL AND status NOT IN ('Initial', 'Queued'))
             OVER (PARTITION BY connection_id) AS is_behind
      FROM sync_pull
  ) p
"""


@dataclass(frozen=True, slots=True)
class Excuse:
    """A time in which the platform, or what lies before it, answered wrongly."""

    since: datetime
    until: datetime
    #: Whose requests; everybody's where none is named.
    grant: str | None

    def covers(self, grants: Sequence[str], began: datetime, ended: datetime) -> bool:
        return (self.grant is None or self.grant in grants) and (
            began <= self.until + _AFTERWARDS and ended >= self.since
        )


def active(database: Database) -> int:
    """Return how many pulls have not ended."""
    return database.number("SELECT count(*) FROM sync_pull WHERE status = ANY(%s)", list(_ACTIVE))


def progress(database: Database) -> dict[str, int]:
    """Count the pulls by what they are at."""
    return dict(zip(_PROGRESSED, database.ask(_PROGRESS)[0], strict=True))


def judge(
    database: Database,
    scenario: Scenario,
    excuses: Sequence[Excuse],
    grants: dict[UUID, list[str]],
    verdict: Verdict,
) -> None:
    _judge_accepted(database, scenario, verdict)
    _judge_slots(database, scenario, verdict)
    _judge_ends(database, excuses, grants, verdict)
    _judge_order(database, verdict)
    _judge_latest(database, grants, verdict)


def _judge_accepted(database: Database, scenario: Scenario, verdict: Verdict) -> None:
    """I1: what the API said was queued is there."""
    gone = set(scenario.deleted)
    for organization, accepted in scenario.accepted.items():
        verdict.add("requests accepted", len(accepted))
        known = {
            str(row[0])
            for row in database.rows(
                "SELECT id FROM sync_pull WHERE organization_id = %s", organization
            )
        }
        for pull in accepted - known:
            if UUID(scenario.company_of.get(pull, pull)) not in gone:
                verdict.blame(f"accepted and never heard of again: pull {pull}")


def _judge_slots(database: Database, scenario: Scenario, verdict: Verdict) -> None:
    """I1: an hour that came had exactly one run, whichever and how many beats saw it."""
    live = {book.connection_id for book in scenario.books}
    due: dict[tuple[UUID, str], list[datetime]] = {}
    for slot in scenario.slots:
        if slot.connection_id in live:
            due.setdefault((slot.connection_id, slot.data_type), []).append(slot.at)
    for (connection, data_type), moments in due.items():
        verdict.add("scheduled moments", len(moments))
        pulls = database.rows(
            "SELECT requested_at, trigger = 'schedule' AND reason NOT LIKE '%% try %%' "
            "FROM sync_pull WHERE connection_id = %s AND data_type = %s",
            connection,
            data_type,
        )
        if sum(is_slot for _, is_slot in pulls) > len(moments):
            verdict.blame(f"doubled: scheduled pulls of {data_type} of {connection}")
        newest = max((requested for requested, _ in pulls), default=moments[0])
        if newest < max(moments):
            verdict.blame(f"missed: a scheduled pull of {data_type} of {connection}")


def _judge_ends(
    database: Database,
    excuses: Sequence[Excuse],
    grants: dict[UUID, list[str]],
    verdict: Verdict,
) -> None:
    """I2: all have ended, and as what they should have."""
    for pull, connection, status, began, ended, message in database.rows(
        "SELECT id, connection_id, status, coalesce(started_at, requested_at), "
        "coalesce(completed_at, now()), error_message || ' | ' || error_detail FROM sync_pull"
    ):
        verdict.add("pulls", 1)
        verdict.add(f"pulls {status}", 1)
        if status == "Complete":
            continue
        mine = grants.get(connection, [])
        if status not in _EXCUSABLE or not any(each.covers(mine, began, ended) for each in excuses):
            verdict.blame(f"pull {pull} ended as {status}: {message}")
    verdict.add("records fetched", database.number("SELECT sum(fetched) FROM sync_pull"))
    verdict.add(
        "pulls taken up again", database.number("SELECT count(*) FROM sync_pull WHERE attempts > 1")
    )
    verdict.add("most attempts of one pull", database.number("SELECT max(attempts) FROM sync_pull"))
    judge_traces(database, verdict)


def judge_traces(database: Database, verdict: Verdict) -> None:
    """I5, I6: counts agree, each pull has one event of its end, and nothing is left behind."""
    wrong = database.number(
        "SELECT count(*) FROM sync_pull "
        "WHERE fetched <> added + changed + unchanged + repeated + rejected AND status = 'Complete'"
    )
    if wrong:
        verdict.blame(f"the counts of {wrong} pulls disagree")
    events = database.rows(
        "SELECT p.id, count(e.id) FROM sync_pull p LEFT JOIN companies_event e "
        "ON e.type = 'pull.finished' AND e.payload->>'pullId' = p.id::text GROUP BY 1 "
        "HAVING count(e.id) <> 1"
    )
    for pull, count in events:
        verdict.blame(f"pull {pull} has {count} events of its end")
    for table in ("sync_stagedrecord", "sync_stagedpage"):
        if left := database.number(f"SELECT count(*) FROM {table}"):  # noqa: S608 - named above
            verdict.blame(f"{left} rows of {table} are left behind")


def _judge_order(database: Database, verdict: Verdict) -> None:
    """I7: at no time two of one kind in the hands of workers.

    Not from when they were asked for: that is the moment at which the asking transaction began.
    """
    for connection, data_type, count in database.rows(
        "SELECT a.connection_id, a.data_type, count(*) FROM sync_pull a JOIN sync_pull b "
        "ON a.connection_id = b.connection_id AND a.data_type = b.data_type AND a.id <> b.id "
        "AND a.started_at <= b.started_at AND b.started_at < a.completed_at GROUP BY 1, 2"
    ):
        verdict.blame(f"{count} pulls of {data_type} of {connection} ran at once")


def _judge_latest(database: Database, grants: dict[UUID, list[str]], verdict: Verdict) -> None:
    """I8: what is said to be the newest is, and connections have the colour they should."""
    for connection, status in database.rows(
        "SELECT id, status FROM connections_connection WHERE id = ANY(%s) AND status <> 'Linked'",
        list(grants),
    ):
        verdict.blame(f"connection {connection} is {status}")
    for connection, data_type, said, really in database.rows(
        "SELECT d.connection_id, d.data_type, d.latest_status, p.status FROM sync_datastatus d "
        "JOIN LATERAL (SELECT status, id FROM sync_pull p WHERE p.connection_id = d.connection_id "
        "AND p.data_type = d.data_type ORDER BY requested_at DESC LIMIT 1) p ON true "
        "WHERE d.latest_pull_id <> p.id OR d.latest_status <> p.status"
    ):
        verdict.blame(f"{data_type} of {connection} is said to be {said} and is {really}")
    for connection, data_type, said, really in database.rows(
        "SELECT d.connection_id, d.data_type, d.record_count, count(r.source_id) "
        "FROM sync_datastatus d LEFT JOIN sync_record r ON r.connection_id = d.connection_id "
        "AND r.data_type = d.data_type AND NOT r.is_deleted GROUP BY 1, 2, 3 "
        "HAVING d.record_count <> count(r.source_id)"
    ):
        verdict.blame(f"{said} records of {data_type} of {connection} are counted, {really} there")
