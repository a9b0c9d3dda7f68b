"""Whether the database needs migrating: asked without Django, whose start costs seconds."""

import hashlib
from pathlib import Path

import psycopg

from engines import database_url, locations

_MARK = "migrated"


def are_applied(data_dir: Path) -> bool:
    """Tell whether these very migrations were applied to this very database."""
    mark = data_dir / _MARK
    return mark.exists() and mark.read_text() == _fingerprint()


def remember_applied(data_dir: Path) -> None:
    (data_dir / _MARK).write_text(_fingerprint())


def is_new_database() -> bool:
    """Tell whether nothing was ever applied to it."""
    return not _applied()


def _fingerprint() -> str:
    """Sum up what would be applied (our migrations, the locked packages) and what was."""
    digest = hashlib.sha256()
    for path in sorted(
        [*locations.PROJECT.glob("*/migrations/*.py"), locations.PROJECT / "uv.lock"]
    ):
        digest.update(path.relative_to(locations.PROJECT).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(repr(_applied()).encode())
    return digest.hexdigest()


def _applied() -> list[tuple[object, ...]]:
    with psycopg.connect(database_url()) as connection:
        if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
            return []
        return connection.execute(
            "SELECT app, name, applied FROM django_migrations ORDER BY id"
        ).fetchall()
