"""What the pull history shows: rows, filters, days and how far a refresh has come."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.http import QueryDict
from django.utils import timezone

from companies.models import Company
from connections.schemas import DataType
from portal.keyset import Keyset
from portal.templatetags.charts import Day
from sync import operations
from sync.models import ACTIVE, ERRORED, Pull, PullQuerySet, PullStatus

PAGE_SIZE = 25
PANEL_SIZE = 12
STRIP_DAYS = 45

#: Newest first; pulls of one refresh in the order in which they run.
NEWEST_FIRST = Keyset("-requested_at", "sync_order", "id")


#: The filter's words, each with the statuses it stands for.
STATUS_GROUPS: Mapping[str, tuple[str, tuple[PullStatus, ...]]] = {
    "running": ("Running", ACTIVE),
    "complete": ("Complete", (PullStatus.COMPLETE,)),
    "failed": ("Failed", ERRORED),
    "other": ("Not done", (PullStatus.CANCELLED, PullStatus.NOT_SUPPORTED)),
}


@dataclass(frozen=True, slots=True)
class PullFilter:
    """Which pulls: of one data type, in one group of statuses."""

    data_type: str = ""
    status: str = ""

    @classmethod
    def read(cls, asked: QueryDict) -> "PullFilter":
        """Take what is asked for and known; the rest is no filter."""
        data_type, status = asked.get("type", ""), asked.get("status", "")
        return cls(
            data_type=data_type if data_type in set(DataType) else "",
            status=status if status in STATUS_GROUPS else "",
        )

    @property
    def label(self) -> str:
        words = [
            f"“{STATUS_GROUPS[self.status][0]}”" if self.status else "",
            f"“{DataType(self.data_type).label}”" if self.data_type else "",
        ]
        return " and ".join(word for word in words if word)

    def apply(self, pulls: PullQuerySet) -> PullQuerySet:
        if self.data_type:
            pulls = pulls.filter(data_type=self.data_type)
        if self.status:
            pulls = pulls.filter(status__in=STATUS_GROUPS[self.status][1])
        return pulls


@dataclass(frozen=True, slots=True)
class Step:
    """One status that a pull had."""

    status: str
    at: dt.datetime
    took: dt.timedelta | None

    @property
    def label(self) -> str:
        return PullStatus(self.status).label


@dataclass(frozen=True, slots=True)
class PullRow:
    """A pull as a line of a table."""

    pull: Pull
    is_fresh: bool = False

    @property
    def label(self) -> str:
        return label_of(self.pull.data_type)

    @property
    def mark(self) -> str:
        if self.pull.is_cancelling:
            return "cancelling"
        if self.pull.status in (PullStatus.INITIAL, PullStatus.QUEUED) and self.waits:
            return "ratelimited"
        return self.pull.status

    @property
    def waits(self) -> bool:
        """Whether it may not go on before a moment that lies ahead."""
        return self.pull.not_before is not None and self.pull.not_before > timezone.now()

    @property
    def why(self) -> str:
        """Who or what asked for it, in one sentence."""
        pull = self.pull
        by = f" by {pull.requested_by}" if pull.requested_by else ""
        match pull.trigger:
            case Pull.Trigger.MANUAL if pull.reason in {"", operations.REFRESH_REASON}:
                return f"Refreshed by hand{by}"
            case Pull.Trigger.API:
                return f"Asked for over the API{by}"
            case Pull.Trigger.SCHEDULE:
                return pull.reason or "Scheduled"
            case Pull.Trigger.FIRST_LINK:
                return pull.reason or "The customer authorized the connection"
        return f"{pull.reason}{by}"

    @property
    def steps(self) -> list[Step]:
        """What it went through, each with how long that took."""
        at = [dt.datetime.fromisoformat(each["at"]) for each in self.pull.steps]
        return [
            Step(status=each["status"], at=begun, took=end - begun if end else None)
            for each, begun, end in zip_longest(self.pull.steps, at, at[1:])
        ]

    @property
    def note(self) -> str:
        """The reason in words and what happens next; a pull that went well needs none."""
        if self.pull.status == PullStatus.COMPLETE:
            return ""
        return self.pull.error_message or self.pull.status_description

    @property
    def has_progress(self) -> bool:
        return self.pull.is_running

    @property
    def took(self) -> dt.timedelta | None:
        if self.pull.completed_at is None:
            return None
        return self.pull.completed_at - self.pull.requested_at

    @property
    def outcome(self) -> str:
        """The counts that matter: "12 added, 3 changed"."""
        pull = self.pull
        counts = {
            "added": pull.added,
            "changed": pull.changed,
            "deleted": pull.deleted,
            "rejected": pull.rejected,
            "warnings": pull.warnings,
            "errors": pull.errors,
        }
        words = [f"{number:,} {word}" for word, number in counts.items() if number]
        if not words and pull.is_completed:
            return "nothing new"
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class RefreshProgress:
    """How far the pulls that were asked for together have come."""

    total: int
    complete: int
    failed: int
    active: int

    @property
    def sentence(self) -> str:
        """Short enough to be read aloud every few seconds."""
        if self.active:
            words = f"Refresh: {self.complete} of {self.total} complete"
        else:
            words = f"Refresh finished: {self.complete} of {self.total} complete"
        return f"{words}, {self.failed} failed" if self.failed else words


def label_of(data_type: str) -> str:
    """Name a data type as people read it; one that is no longer known keeps its key."""
    return DataType(data_type).label if data_type in set(DataType) else data_type


def pulls_of(company: Company) -> PullQuerySet:
    return (
        Pull.objects.within(company.organization_id)
        .filter(company=company)
        .select_related("connection", "requested_by", "cancel_requested_by")
    )


def rows(pulls: Iterable[Pull]) -> list[PullRow]:
    return [PullRow(pull) for pull in pulls]


def latest(company: Company, size: int) -> list[Pull]:
    return NEWEST_FIRST.page(pulls_of(company), {}, size=size).rows


def progress(company: Company) -> RefreshProgress | None:
    """Count the newest refresh, or None when nothing was ever pulled."""
    pulls = Pull.objects.within(company.organization_id).filter(company=company)
    newest = pulls.newest_first().values("batch")[:1]
    counts = pulls.filter(batch=newest).aggregate(
        total=Count("id"),
        complete=Count("id", filter=Q(status=PullStatus.COMPLETE)),
        failed=Count("id", filter=Q(status__in=ERRORED)),
        active=Count("id", filter=Q(status__in=ACTIVE)),
    )
    return RefreshProgress(**counts) if counts["total"] else None


def days(company: Company) -> list[Day]:
    """Count the pulls of the last weeks by the day on which they were asked for."""
    today = timezone.localdate()
    first = today - dt.timedelta(days=STRIP_DAYS - 1)
    midnight = timezone.make_aware(dt.datetime.combine(first, dt.time.min))
    counts = {
        day: (complete, failed)
        for day, complete, failed in Pull.objects.within(company.organization_id)
        .filter(company=company, requested_at__gte=midnight)
        .annotate(day=TruncDate("requested_at"))
        .values_list("day")
        .annotate(
            complete=Count("id", filter=Q(status=PullStatus.COMPLETE)),
            failed=Count("id", filter=Q(status__in=ERRORED)),
        )
    }
    every = [first + dt.timedelta(days=number) for number in range(STRIP_DAYS)]
    return [Day(day, *counts.get(day, (0, 0))) for day in every]
