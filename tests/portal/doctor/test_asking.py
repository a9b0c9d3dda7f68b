"""How the database is asked: nothing is written, nothing is waited for, and gaps are said."""

import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from companies.models import Organization
from connections.models import Integration
from portal.doctor import asking
from portal.doctor.checks import disk
from portal.doctor.findings import Level
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def as_doctor():
    connection.close()
    with asking.read_only():
        yield
        connection.close()


def test_it_cannot_write(as_doctor):
    with pytest.raises(DatabaseError, match="read-only"):
        asking.rows("UPDATE companies_user SET name = 'x' RETURNING 1")


@pytest.mark.full
def test_a_question_that_takes_long_is_given_up(as_doctor):
    with pytest.raises(DatabaseError, match="statement timeout"):
        asking.rows("SELECT pg_sleep(10)")


def test_afterwards_the_settings_are_as_before():
    before = dict(connection.settings_dict["OPTIONS"])

    with asking.read_only():
        assert connection.settings_dict["OPTIONS"] != before

    assert connection.settings_dict["OPTIONS"] == before


def ids(rows):
    return rows(Organization).values_list("pk", flat=True)


def test_the_login_that_owns_the_tables_asks_of_all():
    made = {OrganizationFactory().pk for _ in range(2)}

    found = asking.gathered(ids)

    assert found.values == made
    assert found.is_complete


def test_another_login_asks_of_as_many_as_there_is_time_for(member_login):
    made = {OrganizationFactory().pk for _ in range(3)}

    def names(rows):
        rows(Integration).exists()
        return made

    assert asking.gathered(names).extent == ""
    hurried = asking.gathered(names, seconds=-1)
    assert (hurried.looked_at, hurried.is_complete) == (0, False)
    assert "in 0 of 3 organizations" in hurried.extent


def test_sizes_that_are_not_known_yet_make_no_forecast(ask, monkeypatch):
    growth = disk._Growth(added=1, changed=1, pulls=1, database=0, files=0)
    monkeypatch.setattr(disk, "_growth", lambda: growth)

    answer = ask("disk.forecast")

    assert answer.level == Level.NOTE
    assert "has not counted" in answer.found


def test_the_command_is_one_of_django_too(capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json")

    document = json.loads(capsys.readouterr().out)
    assert ended.value.code == 2  # no worker runs in a test
    assert document["worst"] == "error"
    assert document["counts"]["ok"] > 20
    wrong = {each["id"] for each in document["findings"] if each["level"] == "error"}
    assert {each.split(".")[0] for each in wrong} == {"processes"}
