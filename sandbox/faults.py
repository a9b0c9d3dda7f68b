"""Faults on request: which are set, and which of them the next request meets."""

import sqlite3

import msgspec

from sandbox.database import Database

KINDS = (
    "unauthorized",
    "forbidden",
    "rate_limited",
    "rate_limited_bare",
    "rate_limited_date",
    "server_error",
    "slow",
    "hang",
    "truncated",
    "cut_off",
    "drip",
    "html",
    "wrong_charset",
    "huge_field",
    "gzip_bomb",
    "empty",
    "repeated_page",
    "shifted_page",
    "endless_pages",
    "skewed_clock",
    "added_field",
    "changed_type",
    "token_revoked",
    "lost_refresh_answer",
)

_SECONDS = {
    "slow": 5.0,
    "hang": 120.0,
    "rate_limited": 5.0,
    "rate_limited_date": 5.0,
    "skewed_clock": 172_800.0,
}
#: What spoils the answer, so that nothing of it counts as served.
SPOILT = frozenset(
    {
        *("truncated", "cut_off", "drip", "wrong_charset", "huge_field", "gzip_bomb", "empty"),
        *("endless_pages", "changed_type"),
    }
)
#: What happens between two pages.
_LATER_PAGES = frozenset({"repeated_page", "shifted_page"})
_API = "/api/"
_TOKEN = "/oauth/token"  # noqa: S105 - a path


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """`skip` matching requests pass first; then `times` are hit, or all until it is cleared."""

    kind: str
    grant_id: str | None = None
    path: str | None = None
    times: int | None = None
    skip: int = 0
    seconds: float | None = None
    id: int = 0
    hits: int = 0

    @property
    def pause(self) -> float:
        return _SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds

    def concerns(self, *, path: str, first_page: bool, refreshing: bool) -> bool:
        if self.kind == "lost_refresh_answer":
            return refreshing and path.startswith(self.path or _TOKEN)
        if self.kind in _LATER_PAGES and first_page:
            return False
        return path.startswith(self.path or _API)


class Faults:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, fault: Fault) -> int:
        """:raises ValueError: when there is no such kind"""
        if fault.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        with self._database.transaction() as connection:
            added = connection.execute(
                "insert into faults (grant_id, kind, path, skip, times, seconds)"
                " values (?, ?, ?, ?, ?, ?)",
                (fault.grant_id, fault.kind, fault.path, fault.skip, fault.times, fault.seconds),
            )
            return int(added.lastrowid or 0)

    def every(self) -> list[Fault]:
        return [_fault(row) for row in self._database.rows("select * from faults order by id")]

    def clear(self, fault_id: int | None = None) -> bool:
        """Clear one or all; tell whether there was any."""
        with self._database.transaction() as connection:
            return (
                connection.execute(
                    "delete from faults where ?1 is null or id = ?1", (fault_id,)
                ).rowcount
                > 0
            )

    def meet(
        self, *, grant_id: str | None, path: str, first_page: bool = True, refreshing: bool = False
    ) -> Fault | None:
        """Find the oldest fault that hits this request, counting it."""
        for fault in self._set_for(grant_id):
            if not fault.concerns(path=path, first_page=first_page, refreshing=refreshing):
                continue
            if self._count(fault.id):
                return fault
        return None

    def _set_for(self, grant_id: str | None) -> list[Fault]:
        rows = self._database.rows(
            "select * from faults where (grant_id is null or grant_id = ?)"
            " and (times is null or times > 0) order by id",
            grant_id,
        )
        return [_fault(row) for row in rows]

    def _count(self, fault_id: int) -> bool:
        """Count a matching request; two at once cannot both be the last one hit."""
        with self._database.transaction() as connection:
            skipped = connection.execute(
                "update faults set skip = skip - 1 where id = ? and skip > 0", (fault_id,)
            ).rowcount
            if skipped:
                return False
            return (
                connection.execute(
                    "update faults set times = times - 1, hits = hits + 1"
                    " where id = ? and (times is null or times > 0)",
                    (fault_id,),
                ).rowcount
                > 0
            )


def _fault(row: sqlite3.Row) -> Fault:
    return Fault(**{name: row[name] for name in row.keys()})  # noqa: SIM118 - a Row iterates values
