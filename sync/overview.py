"""What the summary of a company shows besides its figures and its pulls."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from companies.models import Company, Event, EventType
from connections.models import Connection
from connections.schemas import DataType
from sync.history import label_of
from sync.models import DataStatus, Frequency

ACTIVITY_LENGTH = 12
_MONTH = dt.timedelta(days=30)

ICONS: Mapping[str, str] = MappingProxyType(
    {
        EventType.COMPANY_CREATED: "building-2",
        EventType.COMPANY_RENAMED: "pencil",
        EventType.CONNECTION_CREATED: "plus",
        EventType.CONNECTION_CONNECTED: "link",
        EventType.CONNECTION_RECONNECTED: "link",
        EventType.CONNECTION_FAILED: "triangle-alert",
        EventType.CONNECTION_DEAUTHORIZED: "triangle-alert",
        EventType.CONNECTION_LAPSING: "clock",
        EventType.CONNECTION_UNREADABLE: "triangle-alert",
        EventType.CONNECTION_UNLINKED: "unlink",
        EventType.CONNECTION_DELETED: "trash-2",
        EventType.LINK_URL_RENEWED: "rotate-ccw",
        EventType.LINK_URL_ISSUED: "link",
        EventType.LINK_URL_SENT: "mail",
        EventType.LINK_URL_REVOKED: "ban",
        EventType.REFRESH_REQUESTED: "refresh-cw",
        EventType.READ_COMPLETED: "circle-check",
        EventType.READ_COMPLETED_INITIAL: "circle-check",
        EventType.SETTINGS_CHANGED: "sliders-horizontal",
        EventType.FILES_UPLOADED: "upload",
        EventType.FILES_DELETED: "trash-2",
        EventType.FILE_INFECTED: "triangle-alert",
    }
)

OTHER_ICON = "activity"

#: Done on the hosted pages, where nobody signs in.
_BY_THE_CUSTOMER = frozenset(
    {
        EventType.CONNECTION_CONNECTED,
        EventType.CONNECTION_RECONNECTED,
        EventType.CONNECTION_FAILED,
        EventType.FILES_UPLOADED,
    }
)
#: Asked for by a person, done by the engine.
_BY_THE_ENGINE = frozenset({EventType.READ_COMPLETED, EventType.READ_COMPLETED_INITIAL})


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the newest copy of one data type is, and when a newer one is due."""

    status: DataStatus
    now: dt.datetime

    @property
    def label(self) -> str:
        return label_of(self.status.data_type)

    @property
    def frequency(self) -> str:
        if self.status.frequency == Frequency.NONE:
            return pgettext("frequency", "On request")
        return str(Frequency(self.status.frequency).label)

    @property
    def age(self) -> dt.timedelta | None:
        if self.status.last_success_at is None:
            return None
        return max(self.now - self.status.last_success_at, dt.timedelta())

    @property
    def _interval(self) -> dt.timedelta | None:
        frequency = Frequency(self.status.frequency)
        return _MONTH if frequency == Frequency.MONTHLY else frequency.interval

    @property
    def percent(self) -> int | None:
        """How much of its time is left; None where nothing drains it."""
        if self.age is None or self._interval is None:
            return None
        return max(0, round(100 - self.age / self._interval * 100))

    @property
    def is_overdue(self) -> bool:
        return self._interval is not None and (self.age is None or self.age > self._interval)

    @property
    def tone(self) -> str:
        return "amber" if self.is_overdue else "green"


@dataclass(frozen=True, slots=True)
class Activity:
    event: Event

    @property
    def icon(self) -> str:
        return ICONS.get(self.event.type, OTHER_ICON)

    @property
    def who(self) -> str:
        if self.event.by and self.event.type not in _BY_THE_ENGINE:
            return self.event.by
        return _("The customer") if self.event.type in _BY_THE_CUSTOMER else "Ledgerport"


def connections_of(company: Company) -> list[Connection]:
    return list(
        Connection.objects.within(company.organization_id).filter(company=company).oldest_first()
    )


def freshness(connections: list[Connection]) -> list[Freshness]:
    """Tell for each data type of the connection whose data the company's pages show."""
    shown = shown_connection(connections)
    if shown is None:
        return []
    now = timezone.now()
    statuses = DataStatus.objects.within(shown.organization_id).filter(connection=shown)
    return [
        Freshness(status, now)
        for status in sorted(statuses, key=lambda status: _order(status.data_type))
    ]


def shown_connection(
    connections: list[Connection], wanted: UUID | None = None
) -> Connection | None:
    """Choose whose data are shown: the wanted one, else the linked one, else the last linked."""
    for connection in connections:
        if connection.pk == wanted:
            return connection
    once_linked = [each for each in connections if each.first_linked_at is not None]
    linked = [each for each in connections if each.is_linked]
    return next(iter(linked or reversed(once_linked or connections)), None)


def activity(company: Company) -> list[Activity]:
    """Return what people and the engine did lately; single pulls are in the history."""
    events = (
        Event.objects.within(company.organization_id)
        .filter(company_id=company.pk)
        .exclude(type=EventType.PULL_FINISHED)
        .select_related("actor")
        .newest_first()
    )
    return [Activity(event) for event in events[:ACTIVITY_LENGTH]]


def state(company: Company) -> list[object]:
    """Return a value that differs after anything worth showing has happened."""
    events = Event.objects.within(company.organization_id).filter(company_id=company.pk)
    connections = Connection.objects.within(company.organization_id).filter(company=company)
    return [
        events.newest_first().values_list("pk", flat=True).first(),
        # Errors come and go without an event.
        *connections.order_by("pk").values_list("pk", "status", "has_active_error"),
    ]


def _order(data_type: str) -> int:
    known = data_type in set(DataType)
    return DataType(data_type).sync_order if known else len(DataType)
