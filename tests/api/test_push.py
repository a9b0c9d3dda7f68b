"""Nothing is written into platforms, and the API says so."""

from uuid import uuid4

import pytest

from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db


def test_there_are_no_push_operations(program, company):
    found = program.get(f"/companies/{company.pk}/push?query=status=Success").json()
    assert (found["results"], found["totalResults"]) == ([], 0)
    assert program.get(f"/companies/{company.pk}/push?query=status").status_code == 400
    assert program.get(f"/companies/{company.pk}/push/{uuid4()}").status_code == 404
    assert program.get(f"/companies/{uuid4()}/push").status_code == 404


def test_nothing_can_be_pushed(program, company):
    connection = ConnectionFactory(company=company)
    path = f"/companies/{company.pk}/connections/{connection.pk}/options"
    answer = program.get(f"{path}/invoices")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith(
        "Push of datatype invoices is not supported for platform Sandbox"
    )
    assert program.get(f"{path}/shoes").status_code == 404
