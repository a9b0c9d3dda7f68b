"""While the database is away programs are told to repeat what they asked."""

import pytest
from django.db import InterfaceError, OperationalError


@pytest.mark.parametrize("where", ["api.gateway.identify", "api.routers.companies.companies_of"])
@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_a_program_is_told_to_repeat_it(organization, program_of, monkeypatch, kind, where):
    program = program_of(organization)

    def fail(*_args, **_kwargs):
        raise kind("the connection is closed")

    monkeypatch.setattr(where, fail)

    answer = program.get("/companies?page=1")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert answer.json()["canBeRetried"] == "True"
    assert "repeat it" in answer.json()["error"]
