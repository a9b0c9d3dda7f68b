"""Append-only revision logs: the state as of a moment is a lookup that no later day changes."""

from bisect import bisect_right
from collections import OrderedDict
from threading import Lock

import msgspec

from sandbox.ledger.records import Record

_SNAPSHOTS_KEPT = 6


class Revision[R: Record](msgspec.Struct, frozen=True, gc=False):
    """One state of one record from `moment` on; `record` is None once it is deleted."""

    moment: int
    id: str
    created: int
    record: R | None


class Log[R: Record]:
    def __init__(self) -> None:
        self.current: dict[str, Revision[R]] = {}
        self._moments: list[int] = []
        self._revisions: list[Revision[R]] = []
        self._snapshots: OrderedDict[int, list[Revision[R]]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._revisions)

    def put(self, record: R, moment: int) -> None:
        key = record.id
        known = self.current.get(key)
        self._append(Revision(moment, key, known.created if known else moment, record))

    def remove(self, key: str, moment: int) -> None:
        self._append(Revision(moment, key, self.current[key].created, None))

    def get(self, key: str) -> R | None:
        known = self.current.get(key)
        return known.record if known else None

    def position(self, moment: int) -> int:
        """Count the revisions made up to and including the moment."""
        return bisect_right(self._moments, moment)

    def as_of(self, moment: int) -> list[Revision[R]]:
        """List what exists at the moment, oldest change first."""
        position = self.position(moment)
        with self._lock:
            if position in self._snapshots:
                self._snapshots.move_to_end(position)
                return self._snapshots[position]
            snapshot = self._build(position)
            self._snapshots[position] = snapshot
            if len(self._snapshots) > _SNAPSHOTS_KEPT:
                self._snapshots.popitem(last=False)
            return snapshot

    def changes(self, since: int, moment: int) -> list[Revision[R]]:
        """List what changed strictly after `since`, deleted ones included."""
        start, stop = self.position(since), self.position(moment)
        newest = {revision.id: revision for revision in self._revisions[start:stop]}
        return sorted(newest.values(), key=_order)

    def revisions(self, start: int, stop: int) -> list[Revision[R]]:
        return self._revisions[start:stop]

    def _build(self, position: int) -> list[Revision[R]]:
        newest = {revision.id: revision for revision in self._revisions[:position]}
        return sorted(
            (revision for revision in newest.values() if revision.record is not None), key=_order
        )

    def _append(self, revision: Revision[R]) -> None:
        if self._moments and revision.moment < self._moments[-1]:
            raise ValueError(f"{revision.id} would change what was already seen")
        # Readers find revisions by moment, so the revision must be there before its moment is.
        self._revisions.append(revision)
        self._moments.append(revision.moment)
        self.current[revision.id] = revision


def _order[R: Record](revision: Revision[R]) -> tuple[int, str]:
    return revision.moment, revision.id
