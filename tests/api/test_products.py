"""Products of companies, as programs see them."""

import pytest

from companies.models import Event, OutboxEntry
from sync.models import Pull
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(company):
    return f"/companies/{company.pk}/products"


def test_a_product_is_shown_until_it_is_removed(program, path, company):
    for _ in range(2):  # once more changes nothing
        answer = program.put(f"{path}/lending")
        assert (answer.status_code, answer.content) == (204, b"")
    program.put(f"{path}/spend-insights")
    shown = program.get(f"/companies/{company.pk}").json()
    assert shown["products"] == ["lending", "spend-insights"]
    assert program.delete(f"{path}/lending").status_code == 204
    assert program.get(f"/companies/{company.pk}").json()["products"] == ["spend-insights"]
    assert program.delete(f"{path}/lending").status_code == 404
    told = Event.objects.filter(company_id=company.pk, type__startswith="company.product")
    assert sorted(told.values_list("type", flat=True)) == [
        "company.product.added",
        "company.product.added",
        "company.product.removed",
    ]
    assert OutboxEntry.objects.filter(event__in=told).count() == 3


@pytest.mark.parametrize("product", ["a%20b", "x" * 51, "%C3%A9"])
def test_not_every_text_is_a_product(program, path, product):
    assert program.put(f"{path}/{product}").status_code == 400


def test_a_company_has_so_many_products_and_no_more(program, path):
    for number in range(20):
        assert program.put(f"{path}/p{number}").status_code == 204
    assert program.put(f"{path}/p20").status_code == 400


def test_a_refresh_pulls_what_was_named(program, path, company):
    ConnectionFactory(company=company)
    assert program.post(f"{path}/lending/refresh").status_code == 404
    program.put(f"{path}/lending")
    answer = program.post(f"{path}/lending/refresh", {"dataTypes": ["invoices", "bills"]})
    assert (answer.status_code, answer.content) == (202, b"")
    assert set(Pull.objects.values_list("data_type", flat=True)) == {"invoices", "bills"}
    again = program.post(f"{path}/lending/refresh", {"dataTypes": ["invoices"]})
    assert again.status_code == 400
    assert program.post(f"{path}/lending/refresh").status_code == 202
    assert Pull.objects.count() == 18


def test_a_refresh_of_what_cannot_be_pulled_names_what_can(program, path, company):
    ConnectionFactory(company=company)
    program.put(f"{path}/lending")
    answer = program.post(f"{path}/lending/refresh", {"dataTypes": ["invoices", "shoes"]})
    assert answer.status_code == 400
    assert "shoes cannot be pulled" in answer.json()["error"]
    assert not Pull.objects.exists()


def test_nothing_is_refreshed_without_a_connection(program, path):
    program.put(f"{path}/lending")
    assert program.post(f"{path}/lending/refresh").status_code == 400
