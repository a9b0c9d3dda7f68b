"""From staged rows to the store, all at once: records, counts, outcome, schedule and events.

Readers see the old state or the new one. Whatever goes wrong before the commit leaves the store as
it was.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection as database

from portal import clock
from sync import claims, outcomes
from sync.models import Pull, RejectedRecord

#: A full pull that lacks more than half of at least so many records is held, not believed.
HELD_FROM = 20


#: From so many staged rows on, sets are joined by hashing. PostgreSQL knows nothing yet of rows
#: that came a moment ago, and would look each of them up one by one, by whatever index.
HASHED_FROM = 100


class CountsDisagree(Exception):
    """What was fetched is not what would be stored."""


class Held(Exception):
    """So much is missing at the source that a mistake is likelier than a deletion."""


_DROP_REPEATED = """
DELETE FROM sync_stagedrecord s
 WHERE s.pull_id = %(pull)s AND EXISTS (
    SELECT 1 FROM sync_stagedrecord later
     WHERE later.pull_id = s.pull_id AND later.source_id = s.source_id AND later.id > s.id
 )
RETURNING s.is_deleted
"""

_IN_STORE = """
  FROM sync_stagedrecord s
  JOIN sync_record r
    ON r.connection_id = %(connection)s AND r.data_type = %(data_type)s
   AND r.source_id = s.source_id
 WHERE s.pull_id = %(pull)s
"""
_IS_CHANGED = "NOT s.is_deleted AND (r.hash <> s.hash OR r.is_deleted)"
_IS_BURIED = "s.is_deleted AND NOT r.is_deleted"
_UNCHANGED = (
    f"SELECT count(*) {_IN_STORE} AND NOT s.is_deleted AND r.hash = s.hash AND NOT r.is_deleted"
)

#: In the store, not flagged, and neither staged nor kept aside: gone at the source.
_GONE = """
  FROM sync_record r
 WHERE r.connection_id = %(connection)s AND r.data_type = %(data_type)s AND NOT r.is_deleted
   AND NOT EXISTS (
    SELECT 1 FROM sync_stagedrecord s WHERE s.pull_id = %(pull)s AND s.source_id = r.source_id
   )
   AND NOT EXISTS (
    SELECT 1 FROM sync_rejectedrecord x WHERE x.pull_id = %(pull)s AND x.source_id = r.source_id
   )
"""

_KEEP_VERSION = """
INSERT INTO sync_recordversion (
  connection_id, data_type, source_id, organization_id, hash, body, is_deleted, modified_at,
  superseded_at, pull_id, superseded_by, source_modified_at, label, party, dated_on, amount,
  currency, due_on, outstanding, record_status
)
SELECT r.connection_id, r.data_type, r.source_id, r.organization_id, r.hash, r.body, r.is_deleted,
       r.modified_at, %(moment)s, r.pull_id, %(pull)s, r.source_modified_at, r.label, r.party,
       r.dated_on, r.amount, r.currency, r.due_on, r.outstanding, r.record_status
"""
_KEEP_MERGED = f"{_KEEP_VERSION} {_IN_STORE} AND (({_IS_CHANGED}) OR ({_IS_BURIED}))"
_KEEP_GONE = f"{_KEEP_VERSION} {_GONE}"

_CHANGE = f"""
UPDATE sync_record r
   SET hash = s.hash, body = coalesce(s.body, r.body), is_deleted = false,
       modified_at = %(moment)s, source_modified_at = s.source_modified_at, pull_id = %(pull)s,
       label = s.label, party = s.party, dated_on = s.dated_on, amount = s.amount,
       currency = s.currency, due_on = s.due_on, outstanding = s.outstanding,
       record_status = s.record_status
  FROM sync_stagedrecord s
 WHERE s.pull_id = %(pull)s AND r.connection_id = %(connection)s
   AND r.data_type = %(data_type)s AND r.source_id = s.source_id AND {_IS_CHANGED}
"""  # noqa: S608 - made of the constants above
_BURY = f"""
UPDATE sync_record r
   SET is_deleted = true, modified_at = %(moment)s, pull_id = %(pull)s
  FROM sync_stagedrecord s
 WHERE s.pull_id = %(pull)s AND r.connection_id = %(connection)s
   AND r.data_type = %(data_type)s AND r.source_id = s.source_id AND {_IS_BURIED}
"""  # noqa: S608 - made of the constants above
_FLAG_GONE = f"""
UPDATE sync_record SET is_deleted = true, modified_at = %(moment)s, pull_id = %(pull)s
 WHERE connection_id = %(connection)s AND data_type = %(data_type)s
   AND source_id IN (SELECT r.source_id {_GONE})
"""  # noqa: S608 - made of the constants above
_ADD = """
INSERT INTO sync_record (
  connection_id, data_type, source_id, organization_id, hash, body, is_deleted, modified_at,
  source_modified_at, pull_id, label, party, dated_on, amount, currency, due_on, outstanding,
  record_status
)
SELECT %(connection)s, %(data_type)s, s.source_id, s.organization_id, s.hash, s.body, false,
       %(moment)s, s.source_modified_at, s.pull_id, s.label, s.party, s.dated_on, s.amount,
       s.currency, s.due_on, s.outstanding, s.record_status
  FROM sync_stagedrecord s
 WHERE s.pull_id = %(pull)s AND NOT s.is_deleted AND NOT EXISTS (
    SELECT 1 FROM sync_record r
     WHERE r.connection_id = %(connection)s AND r.data_type = %(data_type)s
       AND r.source_id = s.source_id
 )
"""
_PRESENT = """
SELECT count(*) FROM sync_record
 WHERE connection_id = %(connection)s AND data_type = %(data_type)s AND NOT is_deleted
"""


def drop_repeated(pull: Pull) -> None:
    """Let the last of several states of a record count, in the caller's transaction.

    :raises ClaimLost: when the pull is no longer ours.
    """
    claims.write(pull)
    _plan_for(pull)
    with database.cursor() as cursor:
        cursor.execute(_DROP_REPEATED, {"pull": pull.pk})
        repeated = sum(not is_deleted for (is_deleted,) in cursor.fetchall())
    pull.repeated += repeated
    claims.write(pull, repeated=pull.repeated)


def check_extent(pull: Pull) -> None:
    """Refuse to believe that most records of a full pull are gone.

    :raises Held: when more than half of many are missing, or all of them.
    """
    if not pull.is_full or pull.accepts_disappearance:
        return
    _plan_for(pull)
    before = _count(_PRESENT, pull)
    gone = _count(f"SELECT count(*) {_GONE}", pull)
    if before and (gone == before or (before >= HELD_FROM and gone * 2 > before)):
        raise Held(f"{gone} of {before} records are no longer there.")


def publish(pull: Pull) -> None:
    """Merge what is staged and end the pull, in the caller's transaction, which holds its owners.

    :raises ClaimLost: when the pull is no longer ours.
    :raises CountsDisagree: when a record would be lost or doubled; the caller rolls back.
    """
    # Takes the pull's row: a late worker or a deletion waits for the outcome.
    claims.write(pull)
    _plan_for(pull)
    moment = clock.now()
    unchanged = _count(_UNCHANGED, pull)
    parameters = {**_parameters(pull), "moment": moment}
    with database.cursor() as cursor:

        def run(statement: str) -> int:
            cursor.execute(statement, parameters)
            return int(cursor.rowcount)

        run(_KEEP_MERGED)
        changed = run(_CHANGE)
        deleted = run(_BURY)
        if pull.is_full and not _has_unidentified(pull):
            run(_KEEP_GONE)
            deleted += run(_FLAG_GONE)
        added = run(_ADD)
    counts = {"added": added, "changed": changed, "unchanged": unchanged, "deleted": deleted}
    stored = added + changed + unchanged + pull.repeated + pull.rejected
    if stored != pull.fetched:
        raise CountsDisagree(
            f"fetched {pull.fetched}, accounted for {stored}: {counts}, "
            f"repeated {pull.repeated}, rejected {pull.rejected}"
        )
    for name, count in counts.items():
        setattr(pull, name, count)
    outcomes.complete(pull, counts, moment, record_count=_count(_PRESENT, pull))


def _plan_for(pull: Pull) -> None:
    """Choose for the rest of the transaction how sets are joined."""
    is_small = pull.fetched + pull.deleted < HASHED_FROM and not pull.is_full
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('enable_nestloop', %s, true)", ["on" if is_small else "off"]
        )


def _has_unidentified(pull: Pull) -> bool:
    """Tell whether any record missing here may be one that could not even be named."""
    return RejectedRecord.objects.filter(pull=pull, source_id="").exists()


def _parameters(pull: Pull) -> dict[str, UUID | str | datetime]:
    return {"pull": pull.pk, "connection": pull.connection_id, "data_type": pull.data_type}


def _count(statement: str, pull: Pull) -> int:
    with database.cursor() as cursor:
        cursor.execute(statement, _parameters(pull))
        count: int = cursor.fetchone()[0]
    return count
