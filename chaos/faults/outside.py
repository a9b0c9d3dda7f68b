"""F9, F10, F11 and F15: the platform, its tokens, messages, and receivers of webhooks."""

import json
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from celery import current_app

from chaos import sink
from chaos.faults.engines import way
from chaos.faults.kinds import Apply, Undo, World, kinds
from chaos.faults.processes import kill
from chaos.rig import SANDBOX

_QUEUES = ("pulls", "clock")
LOST_ANSWER = "answer to a refresh lost"
_WRONG_ANSWERS: Mapping[str, dict[str, Any]] = {
    "server_error": {},
    "rate_limited": {"seconds": 3},
    "rate_limited_bare": {},
    "slow": {"seconds": 4},
    "hang": {"seconds": 6},
    "truncated": {},
    "html": {},
    "repeated_page": {"times": 1},
}


def _platform(kind: str, *, times: int | None = None, **how: Any) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        grant = world.some_grant()
        if grant is None:
            return "", None
        many = times if times is not None else world.random.randint(1, 4)
        fault = world.control.break_(kind, grant_id=grant, times=many, **how)
        return f"{grant}, {many} times", partial(world.control.mend, fault)

    return apply


def _copy_messages(world: World) -> tuple[str, Undo | None]:
    """Put what waits there a second time, in another order."""
    with world.rig.client() as client:
        waiting = client.lrange("pulls", 0, 20) or _old_messages(world)
        world.random.shuffle(waiting)
        if waiting:
            client.lpush("pulls", *waiting)
        world.rig.messages += waiting
    return f"{len(waiting)} messages", None


def _old_messages(world: World) -> list[bytes]:
    return world.rig.messages[-20:]


def _nonsense(world: World) -> tuple[str, Undo | None]:
    """Put there what no version of ours has ever sent."""
    body = world.random.choice(
        [b"", b"nonsense", b"{}", b"[1, 2]", json.dumps({"body": "!", "headers": {}}).encode()]
    )
    with world.rig.client() as client:
        client.lpush(world.random.choice(_QUEUES), body)
    return repr(body[:20]), None


def _unknown_task(_world: World) -> tuple[str, Undo | None]:
    """Ask for what an older or a newer version may have known."""
    _send("sync.tasks.of_another_version", {"organization_id": str(uuid.uuid4())})
    return "", None


def _unknown_ids(world: World) -> tuple[str, Undo | None]:
    """Ask for connections that do not exist, or are somebody else's."""
    books = world.scenario.books
    tenants = world.scenario.tenants
    named = books and world.random.choice(books).connection_id
    ids = {
        "organization_id": str(world.random.choice(tenants).organization.pk),
        "connection_id": str(named or uuid.uuid4()),
    }
    _send("sync.tasks.run_connection", ids)
    return "", None


def _send(task: str, arguments: dict[str, str]) -> None:
    current_app.send_task(task, kwargs=arguments, queue="pulls", retry=False)


def _receiver(world: World) -> tuple[str, Undo | None]:
    world.sink.mode = world.random.choice(sink.MODES)
    return world.sink.mode, partial(setattr, world.sink, "mode", "")


KINDS = (
    *kinds(
        "F9",
        "faults",
        {
            f"platform: {kind}": (0.8, _platform(kind, **how))
            for kind, how in _WRONG_ANSWERS.items()
        },
        excuses=True,
        lasts=True,
    ),
    *kinds(
        "F9",
        "platform",
        {
            "way to the platform cut": (1, way("to_platform", "cut")),
            "kill -9 the platform": (0.2, kill([SANDBOX])),
        },
        excuses=True,
    ),
    *kinds(
        "F9",
        "platform",
        {
            "way to the platform refused": (0.5, way("to_platform", "refuse")),
            "way to the platform swallows": (0.5, way("to_platform", "hold")),
        },
        excuses=True,
        lasts=True,
    ),
    *kinds(
        "F10",
        "faults",
        {"access token refused": (2, _platform("unauthorized", times=1))},
        lasts=True,
    ),
    *kinds(
        "F10",
        "faults",
        {LOST_ANSWER: (2, _platform("lost_refresh_answer", times=1))},
        excuses=True,
        lasts=True,
    ),
    *kinds(
        "F11",
        "valkey",
        {
            "messages twice and mixed up": (2, _copy_messages),
            "a message that is none": (1, _nonsense),
            "a message for an unknown task": (0.5, _unknown_task),
            "a message with wrong ids": (1, _unknown_ids),
        },
    ),
    *kinds("F15", "sink", {"receivers of webhooks fail": (2, _receiver)}, lasts=True),
)
