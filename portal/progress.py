"""How far a long command is: a bar on a terminal, nothing where nobody looks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def bar(what: str, total: int, unit: str) -> Iterator[Callable[[int], object]]:
    """Give what is called with how much more is done; it is shown on the error output."""
    with tqdm(
        desc=what, total=total, unit=unit, unit_scale=True, dynamic_ncols=True, disable=None
    ) as shown:
        yield shown.update
