"""F16: live pages lose their server, are read slowly, swallowed, or their reader is shown out."""

from collections.abc import Callable
from functools import partial

from chaos.faults.engines import way
from chaos.faults.kinds import Apply, Undo, World, kinds
from chaos.faults.processes import kill
from chaos.rig import WEB
from chaos.viewers import Person, Viewers

#: Longer than anybody who is out may be left at an open page.
_OUT_SECONDS = (40.0, 60.0)


def _slow(world: World) -> tuple[str, Undo | None]:
    world.viewers.seconds_a_line = 2.0
    return "", partial(setattr, world.viewers, "seconds_a_line", 0.0)


def _out(how: Callable[[Viewers, Person], None], back: Callable[[Viewers, Person], None]) -> Apply:
    def apply(world: World) -> tuple[str, Undo | None]:
        person = world.random.choice(world.viewers.people)
        how(world.viewers, person)
        return person.user.email, partial(back, world.viewers, person)

    return apply


KINDS = (
    *kinds("F16", "web", {"kill -9 web under open pages": (0.3, kill([WEB]))}, hides_web=True),
    *kinds(
        "F16",
        "viewers' way",
        {"way of open pages cut": (0.4, way("to_web", "cut"))},
    ),
    *kinds(
        "F16",
        "viewers' way",
        {
            "way of open pages swallows": (0.3, way("to_web", "hold")),
            "open pages are read slowly": (0.3, _slow),
        },
        seconds=(5.0, 25.0),
    ),
    *kinds(
        "F16",
        "viewers",
        {
            "a viewer's sign-in ends": (0.3, _out(Viewers.sign_out, Viewers.sign_in)),
            "a viewer's membership ends": (0.3, _out(Viewers.remove, Viewers.admit)),
        },
        seconds=_OUT_SECONDS,
    ),
)
