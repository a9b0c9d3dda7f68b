"""What a platform may send in place of a record, and that the others are stored all the same."""

from typing import Any

import pytest

from connections.platforms.base import Page
from connections.platforms.sandbox import Sandbox
from connections.schemas import DataType
from tests.connections.platforms.sandbox.test_contract import SandboxBooks

#: What is put in the place of a good record's members.
SPOILT: dict[str, dict[str, Any]] = {
    "amount as text": {"total": "many"},
    "amount beyond all": {"total": "1e400"},
    "amount that is none": {"total": "NaN"},
    "endless amount": {"total": "Infinity"},
    "day 0": {"date": "0000-00-00"},
    "no such day": {"date": "2026-02-31"},
    "lines of another type": {"lines": "none"},
    "name of another type": {"number": {"a": 1}},
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_record_that_cannot_be_is_kept_aside_and_the_rest_stored(how):
    books = SandboxBooks()
    good = books.fill(DataType.INVOICES, 3)
    books.fake.put("invoices", "spoilt", **SPOILT[how])

    pages = pulled(books)

    rejected = [each for page in pages for each in page.rejected]
    assert {record.id for page in pages for record in page.records} == good
    assert [each.source_id for each in rejected] == ["spoilt"]
    assert rejected[0].reason


def pulled(books: SandboxBooks) -> list[Page]:
    with books.client() as http:
        platform = Sandbox(http=http, credentials=books.authorized())
        return list(platform.fetch(DataType.INVOICES, since=None, cursor=None))
