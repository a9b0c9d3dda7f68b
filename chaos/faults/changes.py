"""F17: the schema changes, and everything is restarted in turn, while all goes on."""

import time
from itertools import count

import psycopg

from chaos.faults.kinds import Undo, World, kinds
from chaos.rig import BEATS, RELAYS, WEB, WORKERS
from portal.management.commands.migrate import LOCK_TIMEOUT_SECONDS

_TABLES = (
    "sync_pull", "sync_record", "sync_datastatus", "connections_connection", "companies_event",
    "webhooks_delivery", "companies_auditentry",
)  # fmt: skip
#: Of parts, each is indexed by itself.
_OF_PARTS = {"companies_event"}
_TRIES = 20
_numbers = count(1)


def _add_column(world: World) -> tuple[str, Undo | None]:
    """Add what no version in use knows, as the next version's migration would."""
    table = world.random.choice(_TABLES)
    statement = f"ALTER TABLE {table} ADD COLUMN chaos_{next(_numbers)} integer"
    return f"{table}, {_patiently(world, statement)} tries", None


def _build_index(world: World) -> tuple[str, Undo | None]:
    whole = [each for each in _TABLES if each not in _OF_PARTS]
    table, name = world.random.choice(whole), f"chaos_{next(_numbers)}"
    world.database.change(f"CREATE INDEX CONCURRENTLY {name} ON {table} (organization_id)")
    return table, None


def _patiently(world: World, statement: str) -> int:
    """Wait for the lock a moment only, since all others wait behind us; and try again."""
    for tries in range(1, _TRIES + 1):
        world.database.change(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
        try:
            world.database.change(statement)
        except psycopg.errors.LockNotAvailable:
            time.sleep(0.5)
        else:
            return tries
        finally:
            world.database.change("SET lock_timeout = 0")
    raise psycopg.errors.LockNotAvailable(statement)


def _restart_all(world: World) -> tuple[str, Undo | None]:
    """Stop and start one process after the other, as a deployment of another version does."""
    began = time.monotonic()
    for name in (*WORKERS, *BEATS, *RELAYS, WEB):
        world.rig.terminate(name)
        world.rig.start(name)
        world.rig.wait_for(name, lambda name=name: world.rig.is_up(name))  # type: ignore[misc]
    return f"in {time.monotonic() - began:.0f} s", None


KINDS = (
    *kinds(
        "F17",
        "schema",
        {"a column is added": (0.4, _add_column), "an index is built": (0.2, _build_index)},
    ),
    *kinds("F17", "everything", {"a rolling restart": (0.1, _restart_all)}, hides_web=True),
)
