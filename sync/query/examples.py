"""Queries to learn from: what can be asked of a data type, in its own words."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from connections.schemas import AnyType
from portal.templatetags._choices import CHOICES
from portal.templatetags._statuses import RECORD_MARKS
from sync.columns import Listed, columns_of
from sync.query.properties import Kind, Property, properties

_KINDS = (Kind.CHOICE, Kind.NUMBER, Kind.DATE, Kind.TEXT)
_TYPICAL = ("Paid", "PartiallyPaid", "Active", "Archived", "Expense", "Credit", "Debit")


@dataclass(frozen=True, slots=True)
class Example:
    query: str
    meaning: str


def examples(data_type: AnyType, today: dt.date) -> list[Example]:
    """Return one example of each kind of question, and one that joins several."""
    known = properties(data_type)
    if not known:
        return []
    of_kind: dict[Kind, tuple[str, Property]] = {}
    # A party's name says more of a text than a number does.
    columns = sorted(columns_of(data_type), key=lambda column: column.listed is not Listed.PARTY)
    for column in columns:
        if column.path:
            of_kind.setdefault(known[column.path].kind, (str(column.heading), known[column.path]))
    found = [_of_one(*of_kind[kind], today) for kind in _KINDS if kind in of_kind]
    return [*found, *_joined(of_kind), *_kept_by_the_store(known, today)]


def _of_one(heading: str, asked: Property, today: dt.date) -> Example:
    column = {"column": heading}
    match asked.kind:
        case Kind.CHOICE:
            choice = _typical(asked)[0]
            return Example(
                f"{asked.path} = {choice}",
                _("%(column)s is %(value)s") % (column | {"value": _worded(choice)}),
            )
        case Kind.NUMBER:
            return Example(f"{asked.path} > 1000", _("%(column)s is more than 1,000") % column)
        case Kind.DATE:
            first = today.replace(month=1, day=1)
            return Example(f"{asked.path} >= {first}", _("%(column)s this year") % column)
        case _:
            return Example(
                f"{asked.path} ~ co", _("%(column)s contains “co”, in any case") % column
            )


def _worded(choice: str) -> str:
    mark = RECORD_MARKS.get(choice.lower())
    return mark.word if mark else str(CHOICES.get(choice, choice))


def _joined(of_kind: Mapping[Kind, tuple[str, Property]]) -> Iterator[Example]:
    if Kind.CHOICE not in of_kind:
        return
    asked = of_kind[Kind.CHOICE][1]
    first, other = _typical(asked)[:2]
    either = f"{asked.path} = {first} || {asked.path} = {other}"
    if Kind.NUMBER in of_kind:
        amount = of_kind[Kind.NUMBER][1]
        yield Example(
            f"{{{either}}} && {amount.path} > 1000", _("Either of two, and more than 1,000")
        )
    else:
        yield Example(either, _("Either of two"))


def _kept_by_the_store(known: Mapping[str, Property], today: dt.date) -> Iterator[Example]:
    if "metadata.isDeleted" in known:
        yield Example("metadata.isDeleted != true", _("Not deleted at the source"))
    if "modifiedDate" in known:
        week = today - dt.timedelta(days=7)
        yield Example(f"modifiedDate >= {week}", _("Changed here in the last seven days"))


def _typical(asked: Property) -> list[str]:
    """Put the choices first that most books have."""
    ranked = [choice for choice in _TYPICAL if choice in asked.choices]
    return ranked + [each for each in asked.choices if each not in {*ranked, "Unknown"}]
