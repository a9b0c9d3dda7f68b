"""What the pull history shows: rows, filters, days and how far a refresh has come."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from companies.models import Company
from connections.schemas import CUSTOM_PREFIX, AnyType, CustomType, DataType, data_type_of
from portal.keyset import Keyset
from portal.templatetags.charts import Day
from sync import operations
from sync.models import ACTIVE, ERRORED, DataStatus, Pull, PullQuerySet, PullStatus

PAGE_SIZE = 25
PANEL_SIZE = 12
STRIP_DAYS = 45

#: Newest first; pulls of one refresh in the order in which they run.
NEWEST_FIRST = Keyset("-requested_at", "sync_order", "id")


#: The filter's words, each with the statuses it stands for.
STATUS_GROUPS: Mapping[str, tuple[Promise, tuple[PullStatus, ...]]] = {
    "running": (pgettext_lazy("pulls", "Running"), ACTIVE),
    "complete": (pgettext_lazy("pulls", "Complete"), (PullStatus.COMPLETE,)),
    "failed": (pgettext_lazy("pulls", "Failed"), ERRORED),
    "other": (pgettext_lazy("pulls", "Not done"), (PullStatus.CANCELLED, PullStatus.NOT_SUPPORTED)),
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
            data_type=data_type if _is_known(data_type) else "",
            status=status if status in STATUS_GROUPS else "",
        )

    @property
    def label(self) -> str:
        words = {
            "status": STATUS_GROUPS[self.status][0] if self.status else "",
            "data_type": label_of(self.data_type) if self.data_type else "",
        }
        if self.status and self.data_type:
            return _("“%(status)s” and “%(data_type)s”") % words
        if self.status:
            return _("“%(status)s”") % words
        return _("“%(data_type)s”") % words if self.data_type else ""

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
        return str(PullStatus(self.status).label)


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
        pull, person = self.pull, self.pull.requested_by
        reason = _(pull.reason)  # those that are always the same are marked where they are given
        match pull.trigger:
            case Pull.Trigger.MANUAL if pull.reason in {"", operations.REFRESH_REASON}:
                words = _("Refreshed by hand by %(person)s") if person else _("Refreshed by hand")
            case Pull.Trigger.API if pull.reason in {"", operations.REFRESH_REASON}:
                words = (
                    _("Asked for over the API by %(person)s")
                    if person
                    else _("Asked for over the API")
                )
            case Pull.Trigger.SCHEDULE:
                return reason or _("Scheduled")
            case Pull.Trigger.FIRST_LINK:
                return reason or _("The customer authorized the connection")
            case _:
                words = _("%(reason)s by %(person)s") if person else "%(reason)s"
        return words % {"reason": reason, "person": person}

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
    def asked_for(self) -> str:
        """What was configured beyond the standard data when it began."""
        asked = self.pull.configuration
        if not asked:
            return ""
        if isinstance(data_type_of(self.pull.data_type), CustomType):
            return _("%(properties)s from %(source)s") % {
                "properties": ", ".join(asked["requiredData"]),
                "source": asked["dataSource"],
            }
        return ", ".join(
            f"{name}.{own}" for name, properties in asked.items() for own in properties
        )

    @property
    def outcome(self) -> str:
        """The counts that matter: "12 added, 3 changed"."""
        pull = self.pull
        counts = [
            (pull.added, ngettext("%(number)s added", "%(number)s added", pull.added)),
            (pull.changed, ngettext("%(number)s changed", "%(number)s changed", pull.changed)),
            (pull.deleted, ngettext("%(number)s deleted", "%(number)s deleted", pull.deleted)),
            (pull.rejected, ngettext("%(number)s rejected", "%(number)s rejected", pull.rejected)),
            (pull.warnings, ngettext("%(number)s warning", "%(number)s warnings", pull.warnings)),
            (pull.errors, ngettext("%(number)s error", "%(number)s errors", pull.errors)),
        ]
        words = [words % {"number": f"{number:,}"} for number, words in counts if number]
        if not words and pull.is_completed:
            return _("nothing new")
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
        if self.active and self.failed:
            words = _("Refresh: %(complete)d of %(total)d complete, %(failed)d failed")
        elif self.active:
            words = _("Refresh: %(complete)d of %(total)d complete")
        elif self.failed:
            words = _("Refresh finished: %(complete)d of %(total)d complete, %(failed)d failed")
        else:
            words = _("Refresh finished: %(complete)d of %(total)d complete")
        return words % {"complete": self.complete, "total": self.total, "failed": self.failed}


def label_of(data_type: str) -> str:
    """Name a data type as people read it; one that is no longer known keeps its key."""
    return data_type_of(data_type).label if _is_known(data_type) else data_type


def types_of(company: Company) -> list[AnyType]:
    """Return what the history can be filtered by: the standard types, and custom ones pulled."""
    pulled = DataStatus.objects.within(company.organization_id).filter(
        connection__company=company, data_type__startswith=CUSTOM_PREFIX
    )
    names = sorted(set(pulled.values_list("data_type", flat=True)))
    return [*DataType, *map(data_type_of, names)]


def _is_known(data_type: str) -> bool:
    try:
        data_type_of(data_type)
    except ValueError:
        return False
    return True


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
