"""Is there room, and for how long? An estimate, which says of what it is made."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.storage import storages
from django.db import connection

import engines
from companies import tenancy
from portal.doctor.asking import rows
from portal.doctor.findings import Answer, Level, graded, note, ok

_MIB, _GIB = 2**20, 2**30
_LITTLE_SHARE, _LITTLE, _TOO_LITTLE = 0.1, 20 * _GIB, _GIB // 2
_SOON_DAYS, _VERY_SOON_DAYS, _FAR_DAYS = 30, 7, 3650
_LOCAL_HOSTS = {"", "localhost", "127.0.0.1", "::1"}
_DAYS = 7
#: More pulls than that are not all read: a part of the table's pages, chosen by chance, tells.
_SAMPLED = 200_000


def files() -> Answer:
    return _room(_files_root(), "uploaded files")


def database() -> Answer:
    place = _database_directory()
    if place is None:
        return note(
            f"The database has {_size(_database_size())}; its disk is not seen from here.",
            "It is on another machine, or this login may not know where.",
            "Watch the free space there.",
        )
    return _room(place, "the database")


def forecast() -> Answer:
    growth = _growth()
    told = (
        f"The last {_DAYS} days' pulls brought {growth.added:,.0f} new and {growth.changed:,.0f} "
        f"changed records a day, and {growth.pulls:,.0f} pulls; by today's mean sizes that is "
        f"{_size(growth.database)} a day in the database, and {_size(growth.files)} of uploaded "
        "files"
    )
    if growth.pulls and not growth.database:
        return note(f"{told}. The server has not counted its rows yet: it does within a day.")
    days = _days_left(growth)
    if days is None:
        return ok(f"{told}.")
    level = Level.OK
    if days < _SOON_DAYS:
        level = Level.ERROR if days < _VERY_SOON_DAYS else Level.WARNING
    return graded(
        level,
        f"{told}: room for {_told(days)} days.",
        "A full disk stops pulls and sign-in. First pulls of many new customers make it look worse "
        "than it is; what is deleted gives room that this does not count.",
        "Enlarge the disk, or move the database or LEDGERPORT_FILES_ROOT to a larger one.",
    )


@dataclass(frozen=True, slots=True)
class _Growth:
    """A day's, by the mean of the last week."""

    added: float
    changed: float
    pulls: float
    database: float
    files: float


#: A table's bytes, indexes, parts and all, and its rows by what the server has counted.
_BYTES = """
SELECT coalesce(sum(pg_total_relation_size(part.relid)), 0)::float8,
       coalesce(max(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid)))
                FILTER (WHERE c.relname = %s), 0)::float8
  FROM pg_class c CROSS JOIN LATERAL (
    SELECT c.oid AS relid UNION SELECT relid FROM pg_partition_tree(c.oid)) part
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND c.relname = ANY(%s)
"""
_PULLS = """
SELECT count(*), coalesce(sum(added), 0), coalesce(sum(changed), 0)
  FROM sync_pull TABLESAMPLE SYSTEM (%s)
 WHERE completed_at > statement_timestamp() - make_interval(days => %s)
"""
_FILES = """
SELECT coalesce(sum(size), 0)::float8 FROM files_uploadedfile
 WHERE uploaded_at > statement_timestamp() - make_interval(days => %s)
"""
#: What grows with each pull, whatever it brings.
_BESIDE_PULLS = [
    "sync_pull",
    "sync_platformrequest",
    "sync_validationissue",
    "sync_rejectedrecord",
    "companies_event",
    "webhooks_delivery",
    "webhooks_attempt",
]


def _growth() -> _Growth:
    record, version = _mean("sync_record"), _mean("sync_recordversion")
    pull = _mean("sync_pull", *_BESIDE_PULLS)
    ((known,),) = rows("SELECT reltuples::float8 FROM pg_class WHERE oid = 'sync_pull'::regclass")
    percent = min(100.0, 100.0 * _SAMPLED / known) if known > 0 else 100.0
    with tenancy.system():
        (pulls,) = rows(_PULLS, percent, _DAYS)
        ((uploaded,),) = rows(_FILES, _DAYS)
    number, added, changed = (float(each) * 100 / percent / _DAYS for each in pulls)
    return _Growth(
        added=added,
        changed=changed,
        pulls=number,
        # What changes leaves its former version behind.
        database=added * record + changed * (version or record) + number * pull,
        files=uploaded / _DAYS,
    )


def _mean(counted: str, *tables: str) -> float:
    ((size, number),) = rows(_BYTES, counted, list(tables or (counted,)))
    return float(size) / number if number > 0 else 0.0


def _days_left(growth: _Growth) -> float | None:
    """Return when the first of the disks that are seen is full; one may hold both."""
    grows: dict[int, float] = {}
    free: dict[int, int] = {}
    database_directory = _database_directory()
    for place, bytes_a_day in (
        (database_directory, growth.database),
        (_files_root(), growth.files),
    ):
        if place is not None:
            device = _existing(place).stat().st_dev
            grows[device] = grows.get(device, 0.0) + bytes_a_day
            free[device] = shutil.disk_usage(_existing(place)).free
    days = [free[device] / rate for device, rate in grows.items() if rate > 0]
    return min(days, default=None)


def _room(place: Path, what: str) -> Answer:
    usage = shutil.disk_usage(_existing(place))
    level = Level.OK
    if usage.free < _TOO_LITTLE:
        level = Level.ERROR
    elif usage.free < min(_LITTLE, _LITTLE_SHARE * usage.total):
        level = Level.WARNING
    return graded(
        level,
        f"{_size(usage.free)} of {_size(usage.total)} are free for {what}.",
        "A full disk stops uploads, pulls and, where the database is, sign-in. Nothing is lost; "
        "pulls go on when there is room again.",
        f"Make room on the disk of {place}, or enlarge it.",
    )


def _files_root() -> Path:
    return Path(getattr(storages["files"], "location"))  # noqa: B009 - no storage has it by type


def _database_directory() -> Path | None:
    """Return where the database lies, when that is known and on this machine."""
    if settings.DEVELOPMENT and not engines.configured("DATABASE_URL"):
        return engines.data_dir()
    host = str(connection.settings_dict["HOST"])
    if host not in _LOCAL_HOSTS and not host.startswith("/"):
        return None
    found = rows("SELECT setting FROM pg_settings WHERE name = 'data_directory'")
    place = Path(found[0][0]) if found and found[0][0] else None
    return place if place and place.exists() else None


def _database_size() -> int:
    ((size,),) = rows("SELECT pg_database_size(current_database())")
    return int(size)


def _existing(place: Path) -> Path:
    """Return the directory, or the nearest above it that is there."""
    return next(each for each in (place, *place.parents) if each.exists())


def _told(days: float) -> str:
    return f"{days:,.0f}" if days < _FAR_DAYS else f"more than {_FAR_DAYS:,}"


def _size(count: float) -> str:
    if count < _GIB:
        return f"{count / _MIB:,.1f} MiB"
    return f"{count / _GIB:,.1f} GiB"
