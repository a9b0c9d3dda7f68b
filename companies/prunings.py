"""What the last pruning came to for an organization, as the page Monitor tells it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from companies.models import Organization, Pruning

#: Whoever prunes holds this advisory lock, for as long as its process lives.
LOCK = 0x4C50_0002

_HELD = """
EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
 WHERE locktype = 'advisory' AND classid = 0 AND objid = %s AND objsubid = 1
   AND datname = current_database())
"""

#: What goes, in the order in which it is told.
KINDS = {
    "pulls": pgettext_lazy("pruned", "Pulls"),
    "platform_requests": pgettext_lazy("pruned", "Requests to platforms"),
    "events": pgettext_lazy("pruned", "Events"),
    "messages": pgettext_lazy("pruned", "Webhook messages"),
    "attempts": pgettext_lazy("pruned", "Delivery attempts"),
}


@dataclass(frozen=True, slots=True)
class Gone:
    """What went of one kind: rows one by one, months whole."""

    name: Promise
    rows: int
    months: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Last:
    started_at: datetime
    ended_at: datetime | None
    is_under_way: bool
    gone: list[Gone]


def last(organization: Organization) -> Last | None:
    """Return None where there was none yet."""
    found = (
        Pruning.objects.within(organization)
        .annotate(is_held=RawSQL(_HELD, [LOCK], BooleanField()))  # noqa: S611 - a number of ours
        .first()
    )
    if found is None:
        return None
    by_kind = {each["kind"]: each for each in found.outcome}
    return Last(
        started_at=found.started_at,
        ended_at=found.ended_at,
        is_under_way=found.ended_at is None and found.is_held,
        gone=[
            Gone(name, each["rows"], each["months"], each["seconds"])
            for kind, name in KINDS.items()
            if (each := by_kind.get(kind)) is not None
        ],
    )
