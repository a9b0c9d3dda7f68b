"""What became of a data type's records between two moments: added, changed and deleted ones."""

import datetime as dt
from collections.abc import Collection
from enum import StrEnum
from typing import Any

from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When

from connections.models import Connection
from connections.schemas import DataType
from sync.records import records_as_of


class ChangeKind(StrEnum):
    ADDED = "Added"
    CHANGED = "Changed"
    DELETED = "Deleted"


def changed_between(
    connection: Connection, data_type: DataType, since: dt.datetime, until: dt.datetime
) -> QuerySet[Any]:
    """Select the states at the later moment of what was not the same at the earlier one.

    Each has its `change`. One that came back is added; what changed and was changed back, or came
    and went, is no change.
    """
    before = records_as_of(connection, data_type, since).filter(source_id=OuterRef("source_id"))
    # A record's states follow one another without a gap: one that began after the earlier moment
    # ended another one, or is the first.
    began_since = records_as_of(connection, data_type, until).filter(modified_at__gt=since)
    return (
        began_since.annotate(
            was_deleted=Subquery(before.values("is_deleted")[:1]),
            former_hash=Subquery(before.values("hash")[:1]),
        )
        .annotate(
            change=Case(
                When(
                    Q(is_deleted=False) & (Q(was_deleted=None) | Q(was_deleted=True)),
                    then=Value(ChangeKind.ADDED.value),
                ),
                When(is_deleted=True, was_deleted=False, then=Value(ChangeKind.DELETED.value)),
                When(
                    Q(is_deleted=False, was_deleted=False) & ~Q(former_hash=F("hash")),
                    then=Value(ChangeKind.CHANGED.value),
                ),
                default=None,
                output_field=CharField(null=True),
            )
        )
        .exclude(change=None)
    )


def states_at(
    connection: Connection, data_type: DataType, moment: dt.datetime, source_ids: Collection[str]
) -> QuerySet[Any]:
    """Select the states of some records at a moment."""
    return records_as_of(connection, data_type, moment).filter(source_id__in=source_ids)


def counts(changed: QuerySet[Any]) -> dict[ChangeKind, int]:
    """Count each kind of change."""
    found = dict(changed.order_by().values_list("change").annotate(number=Count("source_id")))
    return {kind: found.get(kind.value, 0) for kind in ChangeKind}
