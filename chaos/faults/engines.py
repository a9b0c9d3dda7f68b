"""F4 to F7: Valkey and PostgreSQL die, hang, forget, refuse, or cannot be reached."""

from functools import partial

from chaos.faults.kinds import Apply, Undo, World, kinds
from engines.locations import ROLE


def _flush(world: World) -> tuple[str, Undo | None]:
    with world.rig.client() as client:
        client.flushall()
    return "", None


def _read_only(world: World) -> tuple[str, Undo | None]:
    with world.rig.client() as client:
        client.replicaof("127.0.0.1", 1)
    return "", partial(_writable, world)


def _writable(world: World) -> None:
    with world.rig.client() as client:
        client.replicaof("NO", "ONE")


def _full(world: World) -> tuple[str, Undo | None]:
    """Let Valkey have no memory left: it refuses every write."""
    with world.rig.client() as client:
        client.config_set("maxmemory", "1")
    return "", partial(_roomy, world)


def _roomy(world: World) -> None:
    with world.rig.client() as client:
        client.config_set("maxmemory", "0")


def _end_backends(world: World) -> tuple[str, Undo | None]:
    ended = world.database.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE usename = %s AND pid <> pg_backend_pid()",
        ROLE,
    )
    return f"{len(ended)} connections", None


def _freeze(engine: str) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        found = getattr(world.rig, engine)
        world.rig.freeze(found)
        return "", partial(world.rig.thaw, found)

    return apply


def way(proxy: str, how: str) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        found = getattr(world.rig, proxy)
        getattr(found, how)()
        return "", None if how == "cut" else found.mend

    return apply


def _slow_way(proxy: str) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        found = getattr(world.rig, proxy)
        found.delay = 0.02
        return "", found.mend

    return apply


def _crash(engine: str, *, empty: bool = False) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        world.rig.crash(getattr(world.rig, engine), empty=empty)
        return "", None

    return apply


KINDS = (
    *kinds(
        "F4",
        "valkey",
        {
            "kill -9 Valkey": (0.8, _crash("valkey")),
            "kill -9 Valkey, all lost": (0.6, _crash("valkey", empty=True)),
        },
    ),
    *kinds("F5", "valkey", {"FLUSHALL": (2, _flush)}),
    *kinds(
        "F5",
        "valkey",
        {"Valkey read-only": (0.6, _read_only), "Valkey without memory": (0.6, _full)},
        lasts=True,
    ),
    *kinds("F6", "valkey", {"way to Valkey cut": (2, way("to_valkey", "cut"))}),
    *kinds(
        "F6",
        "valkey",
        {
            "Valkey hangs": (1, _freeze("valkey")),
            "way to Valkey swallows": (0.8, way("to_valkey", "hold")),
        },
        lasts=True,
    ),
    *kinds(
        "F7",
        "postgres",
        {
            "database connections ended": (1.5, _end_backends),
            "kill -9 PostgreSQL": (0.5, _crash("postgres")),
            "way to PostgreSQL cut": (1.5, way("to_database", "cut")),
        },
        hides_web=True,
    ),
    *kinds(
        "F7",
        "postgres",
        {
            "PostgreSQL hangs": (0.6, _freeze("postgres")),
            "way to PostgreSQL swallows": (0.5, way("to_database", "hold")),
            "way to PostgreSQL slow": (0.5, _slow_way("to_database")),
        },
        hides_web=True,
        lasts=True,
    ),
)
