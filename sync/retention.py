"""The pull history is kept for a year and a month; what is older is forgotten a little at a time.

Some pulls stay for good: those that brought or changed a record, since each record tells of the
pulls that made it what it is; the latest of each data type and its latest success, from which the
next one goes on; and a company's newest, so that no history is ever empty.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import OperationalError
from django.db import connection as database
from psycopg.errors import DeadlockDetected, LockNotAvailable

import chaos
from companies import tenancy
from companies.models import Company
from sync.models import ACTIVE, Pull

#: Of each company's history so many stay, however old they are.
KEPT_OF_COMPANY = 50
_BATCH = 500
_COMPANIES = 200
_REST_SECONDS = 0.1
#: Whoever forgets waits so long for a lock, and comes back after a rest.
_WAITS = "250ms"
_TRIES = 5

#: Nothing else refers to a pull: what was wrong in it and what it asked the platform goes with it.
_OLD = """
SELECT old.id FROM unnest(%(companies)s::uuid[]) AS company(id) CROSS JOIN LATERAL (
  SELECT p.id FROM sync_pull p
   WHERE p.company_id = company.id AND p.organization_id = %(organization)s
     AND p.requested_at < %(before)s AND p.requested_at < (
       SELECT q.requested_at FROM sync_pull q WHERE q.company_id = company.id
        ORDER BY q.requested_at DESC, q.id DESC OFFSET %(kept)s - 1 LIMIT 1)
     AND NOT p.status = ANY(%(active)s) AND NOT p.is_held
     AND p.added = 0 AND p.changed = 0 AND p.deleted = 0
     AND NOT EXISTS (
       SELECT FROM sync_datastatus d
        WHERE d.connection_id = p.connection_id AND d.data_type = p.data_type
          AND p.id IN (d.latest_pull_id, d.latest_success_pull_id))
   LIMIT %(limit)s
) old LIMIT %(limit)s
"""


def forget_old(
    organization_id: UUID, before: datetime, *, rest: float = _REST_SECONDS
) -> Iterator[int]:
    """Delete the pulls that were asked for before, batch by batch; yield how many each time.

    It rests at least as long as it worked, so that others get there first.

    :raises OperationalError: when somebody has held one of them for long.
    """
    for companies in _companies(organization_id):
        deleted = _BATCH
        while deleted == _BATCH:
            began = time.monotonic()
            deleted = _forget(organization_id, companies, before)
            chaos.point("prune.step")
            yield deleted
            if deleted:
                time.sleep(max(rest, time.monotonic() - began) if rest else 0)


def count_old(organization_id: UUID, before: datetime) -> int:
    """Answer how many there are to be forgotten."""
    count = 0
    for companies in _companies(organization_id):
        with tenancy.entered(organization_id):
            count += len(_old(organization_id, companies, before, limit=None))
    return count


def _companies(organization_id: UUID) -> Iterator[list[UUID]]:
    last = None
    while True:
        with tenancy.entered(organization_id):
            page = Company.objects.within(organization_id).order_by("pk")
            found = list(
                (page.filter(pk__gt=last) if last else page).values_list("pk", flat=True)[
                    :_COMPANIES
                ]
            )
        if not found:
            return
        yield found
        last = found[-1]


def _forget(organization_id: UUID, companies: list[UUID], before: datetime) -> int:
    for tries_left in reversed(range(_TRIES)):
        try:
            with tenancy.entered(organization_id):
                with database.cursor() as cursor:
                    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_WAITS])
                old = _old(organization_id, companies, before, limit=_BATCH)
                Pull.objects.within(organization_id).filter(pk__in=old).delete()
        except OperationalError as error:
            if not tries_left or not isinstance(
                error.__cause__, LockNotAvailable | DeadlockDetected
            ):
                raise
            time.sleep(_REST_SECONDS)
        else:
            return len(old)
    raise AssertionError


def _old(
    organization_id: UUID, companies: list[UUID], before: datetime, *, limit: int | None
) -> list[UUID]:
    with database.cursor() as cursor:
        cursor.execute(
            _OLD,
            {
                "companies": companies,
                "organization": organization_id,
                "before": before,
                "kept": KEPT_OF_COMPANY,
                "active": [str(status) for status in ACTIVE],
                "limit": limit,
            },
        )
        return [pk for (pk,) in cursor.fetchall()]
