"""Asking many things at the same time, none for longer than its time.

Threads are not waited for in the end: one that hangs in the system's own calls, such as looking up
a name, cannot be told to stop.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from django.db import connections

from portal.doctor import findings
from portal.doctor.findings import Answers, Finding
from portal.doctor.register import Check

#: For all together, whatever hangs.
SECONDS = 15.0


def examine(checks: Sequence[Check], *, seconds: float = SECONDS) -> list[Finding]:
    """Ask them all; what was not answered in time says so."""
    examination = _Examination(checks, ends_at=time.monotonic() + seconds)
    lanes: defaultdict[str, list[Check]] = defaultdict(list)
    for check in _in_order(checks):
        lanes[check.lane or check.id].append(check)
    threads = [_started(examination.follow, lane) for lane in lanes.values()]
    for thread in threads:
        thread.join(max(0.0, examination.ends_at - time.monotonic()))
    return examination.told()


def at_once[K, V](questions: Mapping[K, Callable[[], V]], *, seconds: float) -> dict[K, V]:
    """Ask at the same time; what has not answered by then is left out."""
    answers: dict[K, V] = {}

    def ask(key: K, question: Callable[[], V]) -> None:
        answers[key] = question()

    threads = [_started(ask, key, question) for key, question in questions.items()]
    ends_at = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))
    return dict(answers)


class _Examination:
    def __init__(self, checks: Sequence[Check], *, ends_at: float) -> None:
        self.ends_at = ends_at
        self._checks = checks
        self._done = {check.id: threading.Event() for check in checks}
        self._found: dict[str, list[Finding]] = {}

    def follow(self, lane: Iterable[Check]) -> None:
        """Ask one after the other; when one hangs, what it asks would keep the others, too."""
        hangs = ""
        for check in lane:
            answers = (
                findings.not_asked(f"{hangs} was not answered in time")
                if hangs
                else self._answers(check)
            )
            if answers is None:
                hangs = check.id
                answers = findings.unanswered(f"No answer within {check.seconds:g} seconds.")
            self._found[check.id] = findings.findings(check.id, answers)
            self._done[check.id].set()

    def told(self) -> list[Finding]:
        found = dict(self._found)
        late = findings.unanswered("There was no time left for it.")
        return [
            finding
            for check in self._checks
            for finding in found.get(check.id) or findings.findings(check.id, late)
        ]

    def _answers(self, check: Check) -> Answers | None:
        """Wait for what it needs, then ask; None when there is no answer in time."""
        for needed in check.needs:
            self._done[needed].wait(self._left)
            found = self._found.get(needed)
            if not found or not all(each.is_good for each in found):
                return findings.not_asked(f"see {needed}")
        answer: list[Answers] = []
        thread = _started(_ask, check, answer.append)
        thread.join(min(check.seconds, self._left))
        return answer[0] if answer else None

    @property
    def _left(self) -> float:
        return max(0.0, self.ends_at - time.monotonic())


def _ask(check: Check, answered: Callable[[Answers], None]) -> None:
    try:
        answered(check.ask())
    except Exception as error:  # noqa: BLE001 - one check that fails says so; the others go on
        answered(findings.unanswered(f"Could not be asked: {in_words(error)}."))
    finally:
        connections.close_all()  # this thread's


def in_words(error: BaseException) -> str:
    """Return an error in a line."""
    words = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _in_order(checks: Sequence[Check]) -> list[Check]:
    """Sort them so that, within a lane, none stands before what it needs."""
    left, sorted_ = list(checks), dict[str, Check]()
    known = {check.id for check in checks}
    while left:
        for check in left:
            if all(needed in sorted_ for needed in check.needs if needed in known):
                sorted_[check.id] = check
        left = [check for check in left if check.id not in sorted_]
    return list(sorted_.values())


def _started[**P](
    target: Callable[P, object], *args: P.args, **kwargs: P.kwargs
) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, kwargs=kwargs, daemon=True)
    thread.start()
    return thread
