"""Pages by key meet end to end in either direction, whatever is null or equal."""

import datetime as dt
from uuid import uuid4

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.keyset import Keyset
from sync.models import Record
from tests.sync.books import a_record

ORDERS = [("-dated_on", "source_id"), ("dated_on", "source_id"), ("-label", "-source_id")]


def at(**asked):
    position = QueryDict(mutable=True)
    position.update(asked)
    return position


@pytest.mark.parametrize("order", ORDERS)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    days=st.lists(st.none() | st.integers(1, 3), max_size=12),
    size=st.integers(1, 5),
)
def test_pages_meet_end_to_end_in_either_direction(organization, order, days, size):
    connection_id = uuid4()
    for number, day in enumerate(days):
        a_record(
            _Connection(connection_id, organization),
            source_id=f"{number:02}",
            label=str(day),
            dated_on=day and dt.date(2026, 1, day),
        )
    rows = Record.objects.within(organization).of(connection_id, "invoices")
    keyset = Keyset(*order)

    page = keyset.page(rows, QueryDict(), size=size)
    pages = [page]
    while page.next:
        page = keyset.page(rows, at(after=page.next), size=size)
        pages.append(page)
    back = [page]
    while page.previous:
        page = keyset.page(rows, at(before=page.previous), size=size)
        back.insert(0, page)

    together = [row.pk for each in pages for row in each.rows]
    assert together == [row.pk for row in rows.order_by(*order)]
    assert len(together) == len(days)
    assert [row.pk for each in back for row in each.rows][-len(together) :] == together


class _Connection:
    def __init__(self, pk, organization):
        self.pk, self.organization, self.organization_id = pk, organization, organization.pk


def test_a_position_of_another_order_is_no_position(organization):
    connection_id = uuid4()
    for number in range(3):
        a_record(_Connection(connection_id, organization), source_id=str(number))
    rows = Record.objects.within(organization).of(connection_id, "invoices")
    foreign = Keyset("-label", "source_id").page(rows, QueryDict(), size=1).next

    page = Keyset("label", "source_id").page(rows, at(after=foreign), size=2)

    assert [row.source_id for row in page.rows] == ["0", "1"]
    assert page.previous == ""
