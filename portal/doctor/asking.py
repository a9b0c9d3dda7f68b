"""How the database is asked: reading only, for seconds only, without the pool.

Every check has a connection of its own; most follow one another. What spans organizations is
asked as the role that may read all, where the login can take it, else of one after the other.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections

from companies import tenancy
from companies.models import Organization
from portal.owner import may_read_all, reading_all

CONNECT_SECONDS = 4
STATEMENT_LIMITS = (
    "-c statement_timeout=3000 -c lock_timeout=1000 -c default_transaction_read_only=on"
)
_ONE_BY_ONE_SECONDS = 3.0

#: Gives of a model the rows that may be seen.
type Rows = Callable[[type[Any]], Any]


@contextmanager
def read_only(alias: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Have every connection that is opened in the block read only, and give up in seconds."""
    options = connections[alias].settings_dict["OPTIONS"]
    before = dict(options)
    options.pop("pool", None)
    options["connect_timeout"] = CONNECT_SECONDS
    options["options"] = f"{before.get('options', '')} {STATEMENT_LIMITS}".strip()
    options["application_name"] = "ledgerport doctor"
    try:
        yield
    finally:
        options.clear()
        options.update(before)


def rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


@dataclass(frozen=True, slots=True)
class Gathered[T]:
    """What was found in so many of the organizations that there are."""

    values: set[T]
    looked_at: int
    organizations: int

    @property
    def is_complete(self) -> bool:
        return self.looked_at >= self.organizations

    @property
    def extent(self) -> str:
        """How far this goes, as the end of a sentence; nothing where all were looked at."""
        if self.is_complete:
            return ""
        return (
            f" (in {self.looked_at:,} of {self.organizations:,} organizations, chosen by chance: "
            "the login that owns the tables sees all)"
        )


def gathered[T](
    question: Callable[[Rows], Iterable[T]], *, seconds: float = _ONE_BY_ONE_SECONDS
) -> Gathered[T]:
    """Ask of all organizations, or of as many as there is time for."""
    if may_read_all():
        with reading_all():
            return Gathered(set(question(_every_row)), 0, 0)
    with tenancy.system():
        organizations = list(Organization.objects.order_by("pk").values_list("pk", flat=True))
    random.shuffle(organizations)
    values: set[T] = set()
    looked_at, ends_at = 0, time.monotonic() + seconds
    for organization_id in organizations:
        if time.monotonic() > ends_at:
            break
        with tenancy.entered(organization_id):
            values |= set(question(partial(_rows_of, organization_id)))
        looked_at += 1
    return Gathered(values, looked_at, len(organizations))


def _every_row(model: type[Any]) -> Any:
    """Only what reads nothing but names may be asked so; `reading_all` cannot write."""
    return model.objects.order_by()


def _rows_of(organization_id: UUID, model: type[Any]) -> Any:
    return model.objects.within(organization_id)
