"""What pulls changed of a record: nothing missed, nothing made up."""

import datetime as dt
import json

from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from sync import versions
from sync.models import Record
from sync.versions import Difference
from tests.sync.books import a_pull, an_earlier_version, an_invoice
from tests.sync.scripted import invoice, page


def test_members_are_compared_at_every_depth():
    before = '{"a":{"b":1.0,"c":null},"lines":[{"n":1},{"n":2}],"ok":true}'
    after = '{"a":{"b":1.00,"c":"x"},"lines":[{"n":1}],"ok":true}'

    assert versions.differences(before, after) == [
        Difference("a.b", "1.0", "1.00"),
        Difference("a.c", None, "x"),
        Difference("lines[1].n", "2", None),
    ]


bodies = st.dictionaries(st.sampled_from("abc"), st.none() | st.integers() | st.text(max_size=3))


@given(bodies, bodies)
def test_differences_lead_from_one_state_to_the_other(before, after):
    found = versions.differences(json.dumps(before), json.dumps(after))
    old, new = (
        {name: str(value) for name, value in body.items() if value is not None}
        for body in (before, after)
    )

    assert {each.path: (each.before, each.after) for each in found} == {
        name: (old.get(name), new.get(name))
        for name in {*old, *new}
        if old.get(name) != new.get(name)
    }


def test_a_deletion_and_a_return_are_told_apart(company, connection):
    moments = [timezone.now() - dt.timedelta(days=days) for days in (3, 2, 1)]
    pull = a_pull(connection)
    record = an_invoice(connection, "INV-1", modified_at=moments[2])
    body = {"id": "INV-1"}
    an_earlier_version(
        record, body=body, changed_by=pull, modified_at=moments[0], superseded_at=moments[1]
    )
    an_earlier_version(
        record,
        body=body,
        changed_by=pull,
        is_deleted=True,
        modified_at=moments[1],
        superseded_at=moments[2],
    )

    told = [
        (change.is_first, change.is_deletion, change.is_return)
        for change in versions.changes(record)
    ]

    assert told == [(False, False, True), (False, True, False), (True, False, False)]


def test_after_each_pull_the_record_is_read_as_that_pull_left_it(platform, pull):
    pulls = []
    for total in ("10.00", "20.00", "20.00", "30.00"):
        platform.serve(page(invoice(1, total=total), cursor="1"))
        pulls.append(pull())
    platform.serve(page(invoice(2), cursor="1"))
    pulls.append(pull(accepts_disappearance=True))
    record = Record.objects.get(source_id="inv-1")

    states = [versions.as_of(record, str(each.pk)) for each in pulls]
    changes = versions.changes(record)

    assert [json.loads(state.body)["totalAmount"] for state in states if state.body] == [
        10, 20, 20, 30, 30,
    ]  # fmt: skip
    assert [state.is_deleted for state in states] == [False, False, False, False, True]
    assert [change.pull for change in changes] == [pulls[4], pulls[3], pulls[1], pulls[0]]
    assert changes[0].is_deletion
    assert Difference("totalAmount", "20.00", "30.00") in changes[1].differences
