"""Is the store what the pulls say they stored, byte by byte?"""

from collections.abc import Iterator
from hashlib import blake2b

from portal.verification.rows import number, streamed

_COUNTERS = """
WITH told AS (
  SELECT connection_id, data_type, sum(added) AS added, sum(changed + deleted) AS changed
    FROM sync_pull WHERE status = 'Complete' GROUP BY 1, 2
), stored AS (
  SELECT connection_id, data_type, count(*) AS records,
         count(*) FILTER (WHERE NOT is_deleted) AS there
    FROM sync_record GROUP BY 1, 2
), kept AS (
  SELECT connection_id, data_type, count(*) AS versions FROM sync_recordversion GROUP BY 1, 2
)
SELECT connection_id, data_type, coalesce(added, 0), coalesce(records, 0), coalesce(changed, 0),
       coalesce(versions, 0), coalesce(there, 0), d.record_count
  FROM told FULL JOIN stored USING (connection_id, data_type)
  FULL JOIN kept USING (connection_id, data_type)
  LEFT JOIN sync_datastatus d USING (connection_id, data_type)
"""


def counters() -> Iterator[int | str]:
    for connection, data_type, added, records, changed, versions, there, told in streamed(
        _COUNTERS
    ):
        yield 1
        where = f"{data_type} of connection {connection}"
        if added != records:
            yield f"{where}: pulls added {added} records, {records} are stored"
        if changed != versions:
            yield f"{where}: pulls changed {changed} records, {versions} earlier versions are kept"
        if told is None:
            yield f"{where}: nothing says how it stands"
        elif told != there:
            yield f"{where}: {told} records are said to be there, {there} are"
    for table in ("sync_record", "sync_recordversion"):
        lost = number(
            f"SELECT count(*) FROM {table} r WHERE NOT EXISTS "  # noqa: S608 - ours
            "(SELECT FROM connections_connection c WHERE c.id = r.connection_id "
            "AND c.organization_id = r.organization_id)"
        )
        if lost:
            yield f"{lost} rows of {table} are of a connection that is not there"


def bodies() -> Iterator[int | str]:
    yield from _hashes("sync_record")


def earlier_bodies() -> Iterator[int | str]:
    yield from _hashes("sync_recordversion")


def _hashes(table: str) -> Iterator[int | str]:
    for connection, data_type, source_id, digest, body in streamed(
        f"SELECT connection_id, data_type, source_id, hash, body FROM {table}"  # noqa: S608 - ours
    ):
        yield 1
        if blake2b(body.encode(), digest_size=16).digest() != bytes(digest):
            yield f"{data_type} {source_id} of connection {connection} is not what its hash says"
