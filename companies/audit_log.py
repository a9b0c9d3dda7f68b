"""The Audit log page: what it is asked for, and what it shows."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.http import QueryDict
from django.utils.translation import gettext as _

from companies.audit import SECRET
from companies.audit_words import name_of
from companies.models import AuditEntry, AuditKind, Organization, TenantQuerySet, told
from portal.keyset import Keyset, Page

PAGE_SIZE = 25
_CHANGES_SHOWN = 6
NEWEST_FIRST = Keyset("-at", "-id")

#: Those who are no members, in the words of the URL.
_NOBODYS = (AuditEntry.ActorKind.SYSTEM, AuditEntry.ActorKind.SUPPORT)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: of one actor, about one kind of object, in a period of days."""

    actor: str = ""
    kind: str = ""
    first: dt.date | None = None
    last: dt.date | None = None

    @classmethod
    def read(cls, asked: QueryDict, actors: Mapping[str, str]) -> Self:
        """Take what is asked for and known; the rest is no filter."""
        actor, kind = asked.get("actor", ""), asked.get("kind", "")
        return cls(
            actor=actor if actor in actors else "",
            kind=kind if kind in set(AuditKind) else "",
            first=_day(asked.get("from", "")),
            last=_day(asked.get("to", "")),
        )

    @property
    def is_set(self) -> bool:
        return self != type(self)()

    def apply(self, entries: TenantQuerySet[AuditEntry]) -> TenantQuerySet[AuditEntry]:
        if self.actor in _NOBODYS:
            entries = entries.filter(actor_kind=self.actor)
        elif self.actor.isdecimal():
            entries = entries.filter(actor_id=int(self.actor))
        elif self.actor:
            entries = entries.filter(actor_key_id=self.actor)
        if self.kind:
            entries = entries.filter(kind=self.kind)
        # Days of the reader's own zone.
        if self.first:
            entries = entries.filter(at__date__gte=self.first)
        if self.last:
            entries = entries.filter(at__date__lte=self.last)
        return entries


@dataclass(frozen=True, slots=True)
class Change:
    """A member that differs, in words; none where there is no value."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as a line of the table."""

    entry: AuditEntry

    @property
    def done(self) -> str:
        """Say what was done to which kind of object."""
        return _("%(object)s %(done)s") % {
            "object": self.entry.kind_label,
            "done": _(self.entry.action),
        }

    @property
    def changes(self) -> list[Change]:
        return [
            Change(name_of(name), _value(before), _value(after))
            for name, before, after in self.entry.changes
            if _value(before) != _value(after)  # what was and stays empty tells nothing
        ]

    @property
    def is_long(self) -> bool:
        return len(self.entry.changes) > _CHANGES_SHOWN


@dataclass(frozen=True, slots=True)
class AuditLog:
    filter: Filter
    actors: Mapping[str, str]
    page: Page[AuditEntry]
    #: The last link of the chain: whoever notes it can tell later that nothing was cut off.
    latest: AuditEntry | None

    @property
    def rows(self) -> list[Row]:
        return [Row(entry) for entry in self.page.rows]

    @property
    def kinds(self) -> list[AuditKind]:
        return sorted(AuditKind, key=lambda kind: kind.label)


def read(organization: Organization, asked: QueryDict) -> AuditLog:
    entries = AuditEntry.objects.within(organization)
    actors = _actors(entries)
    wanted = Filter.read(asked, actors)
    page = NEWEST_FIRST.page(wanted.apply(entries), asked, size=PAGE_SIZE)
    latest = entries.filter(sequence__isnull=False).order_by("-sequence").first()
    return AuditLog(filter=wanted, actors=actors, page=page, latest=latest)


def _actors(entries: TenantQuerySet[AuditEntry]) -> dict[str, str]:
    """Name whoever is found in the log, by what stands for them in the URL."""
    found = entries.order_by().values_list(
        "actor_kind", "actor", "actor__name", "actor__email", "actor_key_id", "actor_name"
    )
    people: dict[str, str] = {}
    keys: dict[str, str] = {}
    others: dict[str, str] = {}
    for kind, actor, name, email, key_id, key_name in found.distinct():
        if kind in _NOBODYS:
            others[kind] = str(AuditEntry.ActorKind(kind).label)
        elif key_id is not None:
            keys[str(key_id)] = told(None, key_name, key_id)
        elif actor is not None:
            people[str(actor)] = name or email
    return _by_name(people) | _by_name(keys) | others


def _by_name(named: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(named.items(), key=lambda each: each[1].casefold()))


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _(SECRET) if value == SECRET else "" if value is None else str(value)
