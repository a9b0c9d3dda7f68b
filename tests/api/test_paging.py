"""Whatever the page's size and the order, walking the pages meets every record exactly once."""

import pytest

from connections.schemas import DataType
from tests.api.stored import a_canonical, keep
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db

COUNT = 23


@pytest.fixture
def invoices(company):
    keep(
        ConnectionFactory(company=company),
        DataType.INVOICES,
        *(a_canonical(DataType.INVOICES, f"n{number:02}") for number in range(COUNT)),
    )
    return f"/companies/{company.pk}/data/invoices"


def walk(program, path):
    """Follow the links to their end."""
    seen, pages = [], 0
    while path:
        answer = program.get(path)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        assert page["totalResults"] == COUNT
        seen += [each["id"] for each in page["results"]]
        path = page["_links"].get("next", {}).get("href")
        pages += 1
        assert pages <= COUNT + 1
    return seen, pages


@pytest.mark.parametrize("order", ["", "id", "-id", "issueDate", "-totalAmount", "note", "-note"])
@pytest.mark.parametrize("size", [1, 2, 7, 22, 23, 24, 5000])
def test_every_record_is_met_exactly_once(program, invoices, order, size):
    seen, pages = walk(program, f"{invoices}?pageSize={size}&orderBy={order}")

    assert sorted(seen) == [f"n{number:02}" for number in range(COUNT)]
    assert pages == -(-COUNT // size)
    if order in {"id", "-id"}:
        assert seen == sorted(seen, reverse=order == "-id")


@pytest.mark.parametrize("page", [24, 1000, 10**9])
def test_beyond_the_end_there_is_an_empty_page(program, invoices, page):
    answer = program.get(f"{invoices}?page={page}&pageSize=1").json()

    assert (answer["results"], answer["totalResults"]) == ([], COUNT)
    assert "next" not in answer["_links"]


@pytest.mark.parametrize(
    "page", ["0", "-1", "abc", "1.5", "1e3", "10000000000", "١x", "", "9" * 500]
)
def test_a_page_that_cannot_be_is_refused(program, invoices, page):
    assert program.get(f"{invoices}?page={page}").status_code == 400


@pytest.mark.parametrize("size", ["0", "-1", "5001", "abc", "9" * 500, "NaN"])
def test_a_size_that_cannot_be_is_refused(program, invoices, size):
    assert program.get(f"{invoices}?pageSize={size}").status_code == 400
