"""All checks, in the order in which they are told.

A check's id is where it stands: `database.login` is the function `login` in `checks/database.py`.
They are found by that name when they are asked, since their modules need settings that work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from portal.doctor.findings import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    id: str
    #: Ids of others: only when these are well can it be asked.
    needs: tuple[str, ...] = ()
    #: Checks in the same lane are asked one after the other, all others at the same time.
    lane: str = ""
    seconds: float = 5.0

    def ask(self) -> Answers:
        module, _, function = self.id.partition(".")
        question: Callable[[], Answers] = getattr(
            import_module(f"portal.doctor.checks.{module}"), function
        )
        return question()


_SETTINGS = "settings.read"
_DATABASE = "database"  # as a lane: few connections at a time, since they may be what is scarce
_SCHEMA = ("database.migrations",)

CHECKS: tuple[Check, ...] = (
    Check(id=_SETTINGS),
    Check(id="settings.environment", needs=(_SETTINGS,)),
    Check(id="keys.secret_key", needs=(_SETTINGS,)),
    Check(id="keys.ring", needs=(_SETTINGS,)),
    Check(id="keys.in_use", needs=("keys.ring", *_SCHEMA), lane=_DATABASE),
    Check(id="database.reachable", needs=(_SETTINGS,), lane=_DATABASE),
    Check(id="database.version", needs=("database.reachable",), lane=_DATABASE),
    Check(id="database.role", needs=("database.reachable",), lane=_DATABASE),
    Check(id="database.login", needs=("database.role",), lane=_DATABASE),
    Check(id="database.migrations", needs=("database.role",), lane=_DATABASE),
    Check(id="database.owner", needs=_SCHEMA, lane=_DATABASE),
    Check(id="database.isolation", needs=_SCHEMA, lane=_DATABASE),
    Check(id="database.rights", needs=_SCHEMA, lane=_DATABASE),
    Check(id="database.extension", needs=("database.role",), lane=_DATABASE),
    Check(id="database.connections", needs=("database.role",), lane=_DATABASE),
    Check(id="database.indexes", needs=("database.role",), lane=_DATABASE),
    Check(id="database.partitions", needs=_SCHEMA, lane=_DATABASE),
    Check(id="database.transactions", needs=("database.role",), lane=_DATABASE),
    Check(id="valkey.reachable", needs=(_SETTINGS,)),
    Check(id="valkey.version", needs=("valkey.reachable",)),
    Check(id="valkey.eviction", needs=("valkey.reachable",)),
    Check(id="valkey.memory", needs=("valkey.reachable",)),
    Check(id="valkey.queues", needs=("valkey.reachable",)),
    Check(id="clock.database", needs=("database.role",), lane=_DATABASE),
    Check(id="clock.valkey", needs=("valkey.reachable",)),
    Check(id="processes.scheduler", needs=("valkey.reachable", "database.role")),
    Check(id="processes.relay", needs=("valkey.reachable", "database.role")),
    Check(id="processes.worker", needs=("valkey.reachable",), seconds=8.0),
    Check(id="work.waiting", needs=_SCHEMA, lane=_DATABASE),
    Check(id="work.overdue", needs=_SCHEMA, lane=_DATABASE),
    Check(id="work.lost", needs=_SCHEMA, lane=_DATABASE),
    Check(id="work.outbox", needs=_SCHEMA, lane=_DATABASE),
    Check(id="work.deliveries", needs=_SCHEMA, lane=_DATABASE),
    Check(id="work.platforms", needs=_SCHEMA, lane=_DATABASE),
    Check(id="email.sender", needs=(_SETTINGS,)),
    Check(id="email.server", needs=(_SETTINGS,), seconds=9.0),
    Check(id="outbound.platform", needs=_SCHEMA, seconds=9.0),
    Check(id="disk.files", needs=(_SETTINGS,)),
    Check(id="disk.database", needs=("database.role",), lane=_DATABASE),
    Check(id="disk.forecast", needs=_SCHEMA, lane=_DATABASE),
    Check(id="static.collected", needs=(_SETTINGS,)),
    Check(id="files.directory", needs=(_SETTINGS,)),
    Check(id="files.scanner", needs=(_SETTINGS,)),
)
