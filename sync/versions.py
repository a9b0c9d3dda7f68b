"""What a record was: its changes, pull by pull, and its state at any past moment."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from companies.models import TenantQuerySet
from connections.models import Connection
from sync.models import Pull, PullStatus, Record, RecordVersion, RejectedRecord, ValidationIssue

CHANGES_SHOWN = 20
DIFFERENCES_SHOWN = 40
NOTES_SHOWN = 20
PULLS_SHOWN = 8

_LONGEST_MOMENT = 40
#: Those that every time zone can tell.
_YEARS = range(1900, 9999)


@dataclass(frozen=True, slots=True)
class Difference:
    """A member that a pull changed; None is a member that was not there."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What one pull made of the record."""

    moment: dt.datetime
    #: None when the pull is gone from the history.
    pull: Pull | None
    is_first: bool
    #: Whether the record was flagged as deleted by it, or came back.
    is_deletion: bool
    is_return: bool
    differences: list[Difference]
    #: Differences beyond those shown.
    hidden: int

    @property
    def moment_in_url(self) -> str:
        return self.moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in the past of a data type, as somebody asked for it."""

    #: As it was written.
    asked: str
    at: dt.datetime
    #: The pull that was named, when one was.
    pull: Pull | None


@dataclass(frozen=True, slots=True)
class State:
    """The record as it was at a moment."""

    moment: dt.datetime
    #: The pull that was named, when one was.
    pull: Pull | None
    #: None when it was not there yet.
    body: str | None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Notes:
    """What is wrong with the record, as the newest pulls found it."""

    issues: list[ValidationIssue]
    rejected: list[RejectedRecord]


class NoSuchMoment(ValueError):
    """Neither a moment nor a completed pull of this data type."""


def changes(record: Record) -> list[Change]:
    """Tell what each pull changed, newest first."""
    versions = list(_versions(record).order_by("-superseded_at", "-id")[: CHANGES_SHOWN + 1])
    states: list[Record | RecordVersion] = [record, *versions]
    by_pull = {version.superseded_by for version in versions} | {states[-1].pull_id}
    pulls = (
        Pull.objects.within(record.organization_id).select_related("requested_by").in_bulk(by_pull)
    )
    found = [
        _change(before, after, before.superseded_by, pulls)
        for after, before in zip(states, versions, strict=False)
    ]
    if len(versions) <= CHANGES_SHOWN:
        found.append(_change(None, states[-1], states[-1].pull_id, pulls))
    return found[:CHANGES_SHOWN]


def as_of(record: Record, asked: str) -> State:
    """Read the record as it was after a pull, or at a moment in the reader's time zone.

    :raises NoSuchMoment: when the text is neither.
    """
    pull = _pull(record.organization_id, record.connection_id, record.data_type, asked)
    moment = _moment(pull, asked)
    superseded = _versions(record).filter(superseded_at__gt=moment)
    version = superseded.order_by("superseded_at", "id").first()
    state: Record | RecordVersion = version or record
    if state.modified_at > moment:
        return State(moment=moment, pull=pull, body=None)
    return State(moment=moment, pull=pull, body=state.body, is_deleted=state.is_deleted)


def moment_of(connection: Connection, data_type: str, asked: str) -> Moment:
    """Read what names a past moment of a data type: a completed pull's ID, a date or a moment.

    :raises NoSuchMoment: when the text is neither.
    """
    pull = _pull(connection.organization_id, connection.pk, data_type, asked)
    return Moment(asked=asked, at=_moment(pull, asked), pull=pull)


def pulls_to_choose(connection: Connection, data_type: str) -> list[Pull]:
    """Return the newest pulls after which the records were other than before."""
    changed = Q(added__gt=0) | Q(changed__gt=0) | Q(deleted__gt=0)
    completed = Pull.objects.within(connection.organization_id).filter(
        changed, connection=connection, data_type=data_type, status=PullStatus.COMPLETE
    )
    return list(completed.order_by("-requested_at", "-id")[:PULLS_SHOWN])


def notes(record: Record, newest_pull: UUID | None) -> Notes:
    """Find what the pull that brought the record and the newest one had to say of it."""
    of_pulls = Q(pull_id__in={record.pull_id, newest_pull} - {None})
    return Notes(
        issues=list(
            ValidationIssue.objects.within(record.organization_id)
            .filter(of_pulls, item_id=record.source_id)
            .order_by("level", "rule_id", "pk")
            .distinct("level", "rule_id")[:NOTES_SHOWN]
        ),
        rejected=list(
            RejectedRecord.objects.within(record.organization_id)
            .filter(of_pulls, source_id=record.source_id)
            .order_by("pk")[:NOTES_SHOWN]
        ),
    )


def differences(before: str, after: str) -> list[Difference]:
    """Compare two bodies member by member, numbers by their digits."""
    old, new = dict(_members(_read(before), "")), dict(_members(_read(after), ""))
    paths = dict.fromkeys([*new, *old])
    return [
        Difference(path, old.get(path), new.get(path))
        for path in paths
        if old.get(path) != new.get(path)
    ]


def _versions(record: Record) -> TenantQuerySet[RecordVersion]:
    return RecordVersion.objects.within(record.organization_id).filter(
        connection_id=record.connection_id,
        data_type=record.data_type,
        source_id=record.source_id,
    )


def _change(
    before: RecordVersion | None,
    after: Record | RecordVersion,
    pull_id: UUID,
    pulls: Mapping[UUID, Pull],
) -> Change:
    found = differences(before.body, after.body) if before else []
    return Change(
        moment=after.modified_at,
        pull=pulls.get(pull_id),
        is_first=before is None,
        is_deletion=after.is_deleted and not (before and before.is_deleted),
        is_return=before is not None and before.is_deleted and not after.is_deleted,
        differences=found[:DIFFERENCES_SHOWN],
        hidden=max(0, len(found) - DIFFERENCES_SHOWN),
    )


def _pull(organization_id: UUID, connection_id: UUID, data_type: str, asked: str) -> Pull | None:
    try:
        pull_id = UUID(asked)
    except ValueError:
        return None
    pull = (
        Pull.objects.within(organization_id)
        .filter(
            pk=pull_id,
            connection_id=connection_id,
            data_type=data_type,
            status=PullStatus.COMPLETE,
        )
        .first()
    )
    if pull is None:
        raise NoSuchMoment(_("No completed pull of this data type has that ID."))
    return pull


def _moment(pull: Pull | None, asked: str) -> dt.datetime:
    if pull:
        assert pull.completed_at is not None
        return pull.completed_at
    try:
        moment = dt.datetime.fromisoformat(asked[:_LONGEST_MOMENT])
    except ValueError:
        moment = None
    if moment is None or moment.year not in _YEARS:
        raise NoSuchMoment(
            _("Write a date, a date with a time such as 2026-05-04T09:30, or the ID of a pull.")
        )
    if len(asked) <= len("2026-05-04"):
        moment = dt.datetime.combine(moment, dt.time.max)  # a day counts with all of it
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


class _Digits(str):
    """A number as it is written: 1.0 is not 1.00."""

    __slots__ = ()


def _read(body: str) -> object:
    return json.loads(body, parse_float=_Digits, parse_int=_Digits)


def _members(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield the members that hold something, named as a query names them."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _members(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _members(inner, f"{path}[{place}]")
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    elif value is not None:
        yield path, str(value)
