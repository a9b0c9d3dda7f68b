"""What is still to be paid, by how long it has been due: aged debtors and aged creditors.

Summed up in PostgreSQL, to the last digit. Every amount that is due falls into exactly one bucket,
so the buckets add up to what the documents say.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Case, F, IntegerField, Max, QuerySet, Sum, TextField, Value, When
from django.db.models.functions import Coalesce

from connections.schemas import DataType
from sync.query import member, properties

ZERO = Decimal()

#: What is not owed, whatever the document says.
_NOT_OWED = ("Draft", "Void")


@dataclass(frozen=True, slots=True)
class Parameters:
    report_date: dt.date
    #: How many periods there are, and how many days each has; back from the report's date.
    periods: int = 4
    days: int = 30

    @property
    def first_days(self) -> list[dt.date]:
        """The first day of each period, newest period first."""
        length = dt.timedelta(days=self.days)
        after = self.report_date + dt.timedelta(days=1)
        return [after - length * number for number in range(1, self.periods + 1)]


@dataclass(frozen=True, slots=True)
class Bucket:
    """What fell due between two days; open at one end where only the other is known."""

    from_date: dt.date | None
    to_date: dt.date | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What one party owes, or is owed, in one currency."""

    currency: str
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class Party:
    id: str
    name: str
    outstanding: tuple[Outstanding, ...]


@dataclass(frozen=True, slots=True)
class _Documents:
    party_id: str
    party_name: str


_OF: Mapping[DataType, _Documents] = {
    DataType.INVOICES: _Documents("customerRef.id", "customerRef.companyName"),
    DataType.BILLS: _Documents("supplierRef.id", "supplierRef.supplierName"),
}


def aged(rows: QuerySet[Any], data_type: DataType, asked: Parameters) -> list[Party]:
    """Sum up invoices or bills by party, currency and bucket.

    :raises KeyError: for a data type that never falls due.
    """
    documents, known = _OF[data_type], properties(data_type)
    sums = (
        rows.filter(is_deleted=False, dated_on__lte=asked.report_date)
        .exclude(record_status__in=_NOT_OWED)
        .exclude(outstanding=None)
        .exclude(outstanding=0)
        .annotate(
            party_id=Coalesce(
                member(known[documents.party_id]), Value(""), output_field=TextField()
            ),
            due=Coalesce(F("due_on"), F("dated_on")),
        )
        .annotate(bucket=_bucket(asked))
        .values("party_id", "currency", "bucket")
        .annotate(
            name=Max(member(known[documents.party_name])),
            owed=Sum(member(known["amountDue"])),
        )
        .order_by("party_id", "currency", "bucket")
    )
    parties = [
        _party(party_id, list(group), asked)
        for party_id, group in groupby(sums, lambda row: str(row["party_id"]))
    ]
    return sorted(parties, key=lambda party: (party.name.casefold(), party.id))


def _bucket(asked: Parameters) -> Case:
    """Number the periods from the report's date back: -1 is not due yet, the last is all older."""
    return Case(
        When(due__gt=asked.report_date, then=Value(-1)),
        *(When(due__gte=day, then=Value(place)) for place, day in enumerate(asked.first_days)),
        default=Value(asked.periods),
        output_field=IntegerField(),
    )


def _party(party_id: str, rows: Sequence[Mapping[str, Any]], asked: Parameters) -> Party:
    return Party(
        id=party_id,
        name=max((row["name"] or "" for row in rows), default=""),
        outstanding=tuple(
            Outstanding(
                currency=currency,
                buckets=tuple(_buckets({row["bucket"]: row["owed"] for row in same}, asked)),
            )
            for currency, same in groupby(rows, lambda row: str(row["currency"]))
        ),
    )


def _buckets(owed: Mapping[int, Decimal], asked: Parameters) -> Iterator[Bucket]:
    """Yield every period, and beside them what lies beyond their ends, if anything does."""
    one_day = dt.timedelta(days=1)
    if -1 in owed:
        yield Bucket(asked.report_date + one_day, None, owed[-1])
    last_day = asked.report_date
    for place, first_day in enumerate(asked.first_days):
        yield Bucket(first_day, last_day, owed.get(place, ZERO))
        last_day = first_day - one_day
    if asked.periods in owed:
        yield Bucket(None, last_day, owed[asked.periods])
