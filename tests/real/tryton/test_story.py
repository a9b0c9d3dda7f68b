"""What the books are filled with holds what real books hold."""

import datetime as dt
from collections import Counter

import pytest

from tests.real.tryton import story


@pytest.mark.parametrize("until", [dt.date(2026, 11, 1), dt.date(2027, 1, 1), dt.date(2028, 3, 1)])
def test_a_story_is_long_and_holds_what_is_rare(until):
    told = story.tell(until)

    fates = Counter((each.kind, each.fate) for each in told.documents)
    days = [each.date for each in told.documents]
    assert len(told.documents) > 300
    assert len({(day.year, day.month) for day in days}) == story.MONTHS
    assert told.first_day <= min(days) <= max(days) <= told.last_day == until - dt.timedelta(days=1)
    assert len(told.years) >= 2
    assert until.year in told.years
    assert fates["out", "draft"] >= 3
    assert fates["out", "credited"] > 0
    assert fates["out", "cancelled"] > 0
    assert any(each.paid_on and each.paid_share < 1 for each in told.documents)
    assert {each.kind for each in told.documents if each.lines[0].quantity < 0} == {"out", "in"}
    assert all(sum(amount for _, amount in each.lines) == 0 for each in told.postings)


def test_the_same_story_is_told_again():
    assert story.tell(dt.date(2026, 11, 1)) == story.tell(dt.date(2026, 11, 1))
