"""Break the product on purpose, and prove that nothing is lost.

`chaos.point(name)` marks a place where a process may die with half of something done. In production
it does nothing at all; a test, or the rig, decides what happens there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Every place that is marked in the code, and what is done there and what is not.
POINTS = {
    "prune.step": "old pulls are deleted, and the next are not looked for",
    "pull.claimed": "a worker has taken a pull, and asked for nothing yet",
    "pull.page-answered": "a page came from the platform, and is not staged",
    "pull.page-staged": "a page is staged with its cursor, and the next is not asked for",
    "pull.before-publish-commit": "everything is merged in a transaction that is still open",
    "pull.published": "the outcome is committed, and the next pull is not taken",
    "rekey.step": "a key is wrapped or a secret sealed anew, and the next is not begun",
    "token.due": "credentials are found due, and nobody has the lease",
    "token.lease-taken": "lease and intent are written in a transaction that is still open",
    "token.intent-written": "lease and intent are committed, and the platform is not asked",
    "token.answered": "the platform has answered, and nothing of it is stored",
    "token.stored": "the fresh tokens are written in a transaction that is still open",
    "token.committed": "the fresh tokens are committed, and the lease is free",
    "token.handed-out": "the fresh tokens are read back, and nobody has used them",
}

type Hook = Callable[[str], None]

_hook: Hook | None = None


def point(name: str) -> None:
    """Let whoever armed the points do here what they like; usually that is nobody."""
    if _hook is not None:
        _hook(name)


def arm(hook: Hook | None) -> None:
    """Have this process call ``hook`` with the name of every point it comes to."""
    global _hook  # noqa: PLW0603 - one for the process, and no cost where there is none
    _hook = hook


@contextmanager
def armed(hook: Hook) -> Iterator[None]:
    """Arm the points for a block."""
    arm(hook)
    try:
        yield
    finally:
        arm(None)
