"""From staged rows to the store, all at once: records, counts, outcome, schedule and events.

Readers see the old state or the new one. Whatever goes wrong before the commit leaves the store as
it was.
"""

from uuid import UUID

from django.db import connection as database

from sync import claims, outcomes
from sync.models import Pull, RejectedRecord

#: A full pull that lacks more than half of at least so many records is held, not believed.
HELD_FROM = 20


#: From so many staged rows on, sets are joined by hashing. PostgreSQL knows nothing yet of rows
#: that came a moment ago, and would look each of them up one by one, by whatever index.
HASHED_FROM = 100


class CountsDisagree(Exception):
    """What was fetched is not what would be stored."""


class StagingLost(Exception):
    """A crash of the database emptied the tables in which pages wait for their pull's end."""


class Held(Exception):
    """So much is missing at the source that a mistake is likelier than a deletion."""


#: What was told of without anything new, how often, and on which page last.
_UNCHANGED = """
unchanged AS MATERIALIZED (
  SELECT u.source_id, max(p.number) AS page, count(*) AS times
    FROM sync_stagedpage p CROSS JOIN LATERAL unnest(p.unchanged) AS u(source_id)
   WHERE p.pull_id = %(pull)s GROUP BY u.source_id
)
"""
_PAGES = "(SELECT count(*) FROM sync_stagedpage WHERE pull_id = %(pull)s)"
_COUNT_PAGES = f"SELECT {_PAGES}"
#: Answers how many states of records count no longer, because the same record came again.
_DROP_REPEATED = f"""
WITH {_UNCHANGED},
     latest AS (
  SELECT source_id, max(page) AS page FROM (
    SELECT source_id, page FROM sync_stagedrecord WHERE pull_id = %(pull)s
     UNION ALL SELECT source_id, page FROM unchanged
  ) told GROUP BY source_id
),
     dropped AS (
  DELETE FROM sync_stagedrecord s USING latest l
   WHERE s.pull_id = %(pull)s AND l.source_id = s.source_id AND l.page > s.page
  RETURNING s.is_deleted
)
SELECT (SELECT count(*) FROM dropped WHERE NOT is_deleted) + (
    SELECT coalesce(sum(u.times - CASE WHEN l.page = u.page THEN 1 ELSE 0 END), 0)::bigint
      FROM unchanged u JOIN latest l ON l.source_id = u.source_id
  )
"""  # noqa: S608 - made of the constants above

_IN_STORE = """
  FROM sync_stagedrecord s
  JOIN sync_record r
    ON r.connection_id = %(connection)s AND r.data_type = %(data_type)s
   AND r.source_id = s.source_id
 WHERE s.pull_id = %(pull)s AND s.is_known
"""
_IS_CHANGED = "NOT s.is_deleted AND (r.hash <> s.hash OR r.is_deleted)"
_IS_BURIED = "s.is_deleted AND NOT r.is_deleted"

#: In the store, not flagged, and neither told of nor kept aside: gone at the source.
_GONE = """
  FROM sync_record r
 WHERE r.connection_id = %(connection)s AND r.data_type = %(data_type)s AND NOT r.is_deleted
   AND NOT EXISTS (
    SELECT 1 FROM unchanged u WHERE u.source_id = r.source_id
   )
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
       r.modified_at, statement_timestamp(), r.pull_id, %(pull)s, r.source_modified_at, r.label,
       r.party, r.dated_on, r.amount, r.currency, r.due_on, r.outstanding, r.record_status
"""
_KEEP_MERGED = f"{_KEEP_VERSION} {_IN_STORE} AND (({_IS_CHANGED}) OR ({_IS_BURIED}))"
_KEEP_GONE = f"{_KEEP_VERSION} {_GONE}"

_CHANGE = f"""
UPDATE sync_record r
   SET hash = s.hash, body = s.body, is_deleted = false,
       modified_at = statement_timestamp(), source_modified_at = s.source_modified_at,
       pull_id = %(pull)s, label = s.label, party = s.party, dated_on = s.dated_on,
       amount = s.amount, currency = s.currency, due_on = s.due_on, outstanding = s.outstanding,
       record_status = s.record_status
  FROM sync_stagedrecord s
 WHERE s.pull_id = %(pull)s AND s.is_known AND r.connection_id = %(connection)s
   AND r.data_type = %(data_type)s AND r.source_id = s.source_id AND {_IS_CHANGED}
"""  # noqa: S608 - made of the constants above
_BURY = f"""
UPDATE sync_record r
   SET is_deleted = true, modified_at = statement_timestamp(), pull_id = %(pull)s
  FROM sync_stagedrecord s
 WHERE s.pull_id = %(pull)s AND r.connection_id = %(connection)s
   AND r.data_type = %(data_type)s AND r.source_id = s.source_id AND {_IS_BURIED}
"""  # noqa: S608 - made of the constants above
_FLAG_GONE = f"""
UPDATE sync_record SET is_deleted = true, modified_at = statement_timestamp(), pull_id = %(pull)s
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
       statement_timestamp(), s.source_modified_at, s.pull_id, s.label, s.party, s.dated_on,
       s.amount, s.currency, s.due_on, s.outstanding, s.record_status
  FROM sync_stagedrecord s
 WHERE s.pull_id = %(pull)s AND NOT s.is_known
"""
#: What changed since the last pull costs what changed: all are counted when all are read.
_PRESENT = """
CASE WHEN %(is_full)s THEN (
  SELECT count(*) FROM sync_record
   WHERE connection_id = %(connection)s AND data_type = %(data_type)s AND NOT is_deleted
) ELSE (
  SELECT record_count FROM sync_datastatus
   WHERE connection_id = %(connection)s AND data_type = %(data_type)s
) END
"""

_EXTENT = f"""
WITH told AS (
  SELECT u.source_id
    FROM sync_stagedpage p CROSS JOIN LATERAL unnest(p.unchanged) AS u(source_id)
   WHERE p.pull_id = %(pull)s
   UNION SELECT source_id FROM sync_stagedrecord WHERE pull_id = %(pull)s
   UNION SELECT source_id FROM sync_rejectedrecord WHERE pull_id = %(pull)s
)
SELECT {_PAGES}, count(*), count(*) FILTER (WHERE t.source_id IS NULL)
  FROM sync_record r LEFT JOIN told t ON t.source_id = r.source_id
 WHERE r.connection_id = %(connection)s AND r.data_type = %(data_type)s AND NOT r.is_deleted
"""  # noqa: S608 - made of the constants above

#: All in one statement: each part sees the store as it was before, and no two touch one record.
_MERGE = f"""
WITH {_UNCHANGED},
     kept AS ({_KEEP_MERGED} RETURNING is_deleted),
     changed AS ({_CHANGE} RETURNING 1),
     buried AS ({_BURY} RETURNING 1),
     added AS ({_ADD} RETURNING 1)
     {{gone}}
SELECT {_PAGES}, statement_timestamp(),
       (SELECT count(*) FROM added),
       (SELECT count(*) FROM changed),
       (SELECT count(*) FROM unchanged u WHERE NOT EXISTS (
          SELECT 1 FROM sync_stagedrecord s
           WHERE s.pull_id = %(pull)s AND s.source_id = u.source_id
       )),
       (SELECT count(*) FROM buried) + {{gone_count}},
       coalesce(%(present)s, {_PRESENT}),
       (SELECT count(*) FROM kept WHERE is_deleted)
"""  # noqa: S608 - made of the constants above
_MERGE_CHANGES = _MERGE.format(gone="", gone_count="0")
_MERGE_EVERYTHING = _MERGE.format(
    gone=f", kept_gone AS ({_KEEP_GONE}), gone AS ({_FLAG_GONE} RETURNING 1)",
    gone_count="(SELECT count(*) FROM gone)",
)
#: What most pulls of what has changed come to.
_MERGE_NOTHING = f"SELECT {_PAGES}, statement_timestamp(), 0, 0, 0, 0, {_PRESENT}, 0"


def plan_for(pull: Pull) -> None:
    """Choose for the transaction how sets are joined, until `plan_as_usual`."""
    if not _is_small(pull):
        _plan("off")


def plan_as_usual(pull: Pull) -> None:
    """Let what follows look up the few rows it asks for."""
    if not _is_small(pull):
        _plan("on")


def _is_small(pull: Pull) -> bool:
    return pull.fetched + pull.deleted < HASHED_FROM and not pull.is_full


def _plan(nested_loops: str) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', %s, true)", [nested_loops])


def drop_repeated(pull: Pull) -> None:
    """Let the last of several states of a record count, in the transaction that holds the pull.

    :raises ClaimLost: when the pull is no longer ours.
    """
    if pull.pages <= 1:  # on one page nothing is there twice
        return
    with database.cursor() as cursor:
        cursor.execute(_DROP_REPEATED, {"pull": pull.pk})
        [repeated] = cursor.fetchone()
    if repeated:
        pull.repeated += repeated
        claims.write(pull, repeated=pull.repeated)


def check_extent(pull: Pull) -> None:
    """Refuse to believe that most records of a full pull are gone.

    :raises Held: when more than half of many are missing, or all of them.
    :raises StagingLost: when the pages are not all there.
    """
    if not pull.is_full or pull.accepts_disappearance or pull.store_is_empty:
        return
    with database.cursor() as cursor:
        cursor.execute(_EXTENT, _parameters(pull))
        pages, before, gone = cursor.fetchone()
    _require_all(pull, pages)
    pull.extent = before, gone
    if before and (gone == before or (before >= HELD_FROM and gone * 2 > before)):
        raise Held(f"{gone} of {before} records are no longer there.")


def publish(pull: Pull) -> None:
    """Merge what is staged and end the pull, in the caller's transaction, which holds its owners.

    :raises ClaimLost: when the pull is no longer ours; the caller rolls back.
    :raises CountsDisagree: when a record would be lost or doubled; the caller rolls back.
    :raises StagingLost: when the pages are not all there; the caller rolls back.
    """
    before, gone = pull.extent or (None, None)
    merge = _merge_for(pull, gone)
    with database.cursor() as cursor:
        cursor.execute(merge, _parameters(pull) | {"present": before, "is_full": pull.is_full})
        pages, moment, added, changed, unchanged, deleted, before, back = cursor.fetchone()
    _require_all(pull, pages)
    plan_as_usual(pull)
    counts = {"added": added, "changed": changed, "unchanged": unchanged, "deleted": deleted}
    stored = added + changed + unchanged + pull.repeated + pull.rejected
    if stored != pull.fetched:
        raise CountsDisagree(
            f"fetched {pull.fetched}, accounted for {stored}: {counts}, "
            f"repeated {pull.repeated}, rejected {pull.rejected}"
        )
    for name, count in counts.items():
        setattr(pull, name, count)
    outcomes.complete(pull, counts, moment, record_count=before + added + back - deleted)


def _merge_for(pull: Pull, gone: int | None) -> str:
    if pull.is_full:
        is_everything = gone != 0 and not _has_unidentified(pull)
        return _MERGE_EVERYTHING if is_everything else _MERGE_CHANGES
    return _MERGE_CHANGES if pull.fetched or pull.deleted else _MERGE_NOTHING


def require_staged(pull: Pull) -> None:
    """Look whether what was staged by whoever had the pull before is still there.

    :raises StagingLost: when it is not.
    """
    with database.cursor() as cursor:
        cursor.execute(_COUNT_PAGES, {"pull": pull.pk})
        _require_all(pull, *cursor.fetchone())


def _require_all(pull: Pull, pages: int) -> None:
    if pages != pull.pages:
        raise StagingLost(f"{pages} of {pull.pages} pages are left of pull {pull.pk}")


def _has_unidentified(pull: Pull) -> bool:
    """Tell whether any record missing here may be one that could not even be named."""
    if not pull.rejected:
        return False
    return RejectedRecord.objects.filter(pull=pull, source_id="").exists()


def _parameters(pull: Pull) -> dict[str, UUID | str]:
    return {"pull": pull.pk, "connection": pull.connection_id, "data_type": pull.data_type}
