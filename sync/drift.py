"""Fields that platforms send and adapters do not know: noticed once, shown until acknowledged.

A process remembers what it has told, so that a field which every record has costs nothing after the
first page. They are kept by organization: on a server of a customer's own the names are that
customer's, and nobody else's to see.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from companies.models import Organization, User
from connections.platforms import PLATFORMS, base
from connections.schemas import data_type_of
from sync.models import Pull, UnknownField

logger = logging.getLogger(__name__)

#: So many are written out on a page; the administration lists all that are kept.
SHOWN = 12

# (organization, platform, data type) → path → the day on which it was last written down. None
# stands for all further names of a platform that sends too many.
_told: dict[tuple[UUID, str, str], dict[str | None, dt.date]] = {}
_MOST_TOLD = 2000

_INSERT = """
INSERT INTO sync_unknownfield (
  id, organization_id, platform, data_type, path, json_type, last_seen_on, company_id,
  connection_id, pull_id
)
SELECT gen_random_uuid(), %(organization)s, %(platform)s, %(data_type)s, path, json_type,
       %(today)s, %(company)s, %(connection)s, %(pull)s
  FROM unnest(%(paths)s::text[], %(json_types)s::text[]) AS sent (path, json_type)
ON CONFLICT (organization_id, platform, data_type, path) DO NOTHING
RETURNING path
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One field as a page tells it."""

    data_type: str
    field: UnknownField


@dataclass(frozen=True, slots=True)
class Drift:
    """What one platform sends that is not read yet, as a page tells it."""

    platform: str
    name: str
    count: int
    #: The first few; the others are counted.
    lines: Sequence[Line]
    #: Acknowledged is what was there when the page was made.
    until: dt.datetime

    @property
    def hidden(self) -> int:
        return self.count - len(self.lines)


def notice(pull: Pull, unknown: Sequence[base.UnknownField]) -> None:
    """Write down what is new, in the caller's transaction, and what was last seen before today."""
    if not unknown:
        return
    today = timezone.now().date()
    platform = pull.connection.platform
    told = _told.get((pull.organization_id, platform, pull.data_type), {})
    if told.get(None) == today:
        return
    untold = {field.path: field for field in unknown if told.get(field.path) != today}
    if untold:
        _write_down(pull, platform, untold, today)


def read(organization: Organization) -> list[Drift]:
    """Return what nobody has acknowledged yet, by platform."""
    fields = (
        UnknownField.objects.within(organization)
        .unacknowledged()
        .order_by("platform", "data_type", "path", "pk")
    )
    found = []
    for platform, group in groupby(fields, key=lambda field: field.platform):
        rows = list(group)
        found.append(
            Drift(
                platform=platform,
                name=PLATFORMS[platform].name if platform in PLATFORMS else platform,
                count=len(rows),
                lines=[Line(_label(row.data_type), row) for row in rows[:SHOWN]],
                until=max(row.first_seen_at for row in rows),
            )
        )
    return found


def acknowledge(
    organization: Organization, platform: str, *, until: dt.datetime, actor: User
) -> int:
    """Say that somebody has taken note of what was seen first until then; answer how many."""
    return (
        UnknownField.objects.within(organization)
        .unacknowledged()
        .filter(platform=platform, first_seen_at__lte=until)
        .update(acknowledged_at=Now(), acknowledged_by=actor)
    )


def _label(data_type: str) -> str:
    try:
        return data_type_of(data_type).label
    except ValueError:
        return data_type


def _write_down(
    pull: Pull, platform: str, untold: dict[str, base.UnknownField], today: dt.date
) -> None:
    kept = UnknownField.objects.within(pull.organization_id).of(platform, pull.data_type)
    known = dict(kept.filter(path__in=untold).values_list("path", "last_seen_on"))
    stale = sorted(path for path, day in known.items() if day < today)
    if stale:
        kept.filter(path__in=stale, last_seen_on__lt=today).update(last_seen_on=today)
    new = [untold[path] for path in sorted(untold.keys() - known.keys())]
    room = max(UnknownField.KEPT - kept.count(), 0) if new else 0
    added = _insert(pull, platform, new[:room], today) if new[:room] else []
    # Remembered, and told, once it is written for good.
    remembered: set[str | None] = {*known, *(field.path for field in new[:room])}
    if len(new) > room:
        remembered.add(None)
    transaction.on_commit(partial(_tell, pull, platform, remembered, added, today))


def _insert(
    pull: Pull, platform: str, new: Sequence[base.UnknownField], today: dt.date
) -> list[str]:
    """Answer what was new; in one order, since another worker may write the same."""
    with database.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "organization": pull.organization_id,
                "platform": platform,
                "data_type": pull.data_type,
                "today": today,
                "company": pull.company_id,
                "connection": pull.connection_id,
                "pull": pull.pk,
                "paths": [field.path for field in new],
                "json_types": [field.json_type for field in new],
            },
        )
        return [path for (path,) in cursor.fetchall()]


def _tell(
    pull: Pull, platform: str, remembered: set[str | None], added: list[str], today: dt.date
) -> None:
    if len(_told) >= _MOST_TOLD:
        _told.clear()
    told = _told.setdefault((pull.organization_id, platform, pull.data_type), {})
    is_beyond = None in remembered and None not in told
    told.update(dict.fromkeys(remembered, today))
    if added:
        logger.warning(
            "%s sends fields of %s that are not read yet: %s (pull %s)",
            platform,
            pull.data_type,
            ", ".join(added),
            pull.pk,
        )
    if is_beyond:
        logger.warning(
            "%s sends more than %d unknown fields of %s; the others are not written down",
            platform,
            UnknownField.KEPT,
            pull.data_type,
        )
