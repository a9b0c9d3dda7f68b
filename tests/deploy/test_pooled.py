"""Several of everything, behind PgBouncer in transaction mode, with a login that owns nothing."""

import shutil
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from sync.models import Frequency
from tests.deploy.installation import (
    PASSWORD,
    POOL_SIZE,
    Installation,
    have_told,
    program,
    signed_in,
)

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not shutil.which("pgbouncer"), reason="PgBouncer is not installed here"),
]

#: Under which names, by the command of deploy/compose/scaled.yml.
RUNS = {
    "web": ["web"],
    "worker": ["worker-1", "worker-2"],
    "worker-work": ["worker-work-1"],
    "worker-clock": ["worker-clock-1"],
    "beat": ["beat-1", "beat-2"],
    "relay": ["relay-1", "relay-2"],
}
ROUNDS = 3
UNFINISHED = "SELECT count(*) FROM sync_pull WHERE completed_at IS NULL"


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with Installation(pooled=True) as found:
        for command, names in RUNS.items():
            found.start(names, f"deploy/compose/scaled.yml {command}")
        found.wait_for("web answers", found.is_ready)
        yield found


@pytest.fixture(scope="module")
def demo(installation) -> dict[str, Any]:
    """An organization whose company is linked, and another one that signed up on a page."""
    told = installation.seed()
    with httpx.Client(base_url=installation.url, trust_env=False, timeout=60) as browser:
        browser.get("/accounts/signup/").raise_for_status()
        browser.post(
            "/accounts/signup/",
            data={
                "name": "Bob Bryce",
                "email": "bob@quay.example",
                "password1": PASSWORD,
                "organization_name": "Quay Capital",
                "time_zone": "Europe/London",
            },
            headers={"X-CSRFToken": browser.cookies["csrftoken"]},
        )
    installation.wait_for(
        "all is pulled",
        lambda: (
            installation.number("SELECT count(DISTINCT connection_id) FROM sync_pull") == 2
            and not installation.number(UNFINISHED)
        ),
        seconds=300,
    )
    return told


def test_a_link_and_its_first_pulls_go_through(installation, demo):
    assert installation.number("SELECT count(*) FROM connections_connection") == 2
    assert installation.ask("SELECT DISTINCT status FROM sync_pull") == [("Complete",)]
    assert installation.number("SELECT count(*) FROM sync_record") > 500
    assert installation.dead() == []


def test_pages_and_the_api_go_through(installation, demo):
    company = f"/o/{demo['organization']}/companies/{demo['company_id']}/"
    with signed_in(installation, demo) as browser:
        for page in (f"/o/{demo['organization']}/companies/", company, f"{company}history/"):
            assert "Harbour &amp; Finch" in browser.get(page).raise_for_status().text
    with program(installation, demo) as api:
        found = api.get(f"/companies/{demo['company_id']}/data/invoices").raise_for_status().json()
        assert found["totalResults"] > 0
        assert len(found["results"]) > 0


def test_a_webhook_goes_through_and_comes_once(installation, demo):
    with program(installation, demo) as api:
        have_told(api, installation.sink.url)
        made = [api.post("/companies", json={"name": f"Bakery {n}"}).json() for n in range(5)]
    installation.wait_for("all arrive", lambda: len(set(installation.sink.ids)) >= len(made))
    time.sleep(2)  # for what should not come

    assert len(installation.sink.ids) == len(made)


def test_the_live_stream_goes_through(installation, demo):
    company = f"/o/{demo['organization']}/companies/{demo['company_id']}"
    with (
        signed_in(installation, demo) as browser,
        signed_in(installation, demo) as other,
        browser.stream("GET", f"{company}/history/stream") as live,
    ):
        lines = live.iter_lines()
        _until_told(lines, "hx-partial")
        other.post(f"{company}/refresh").raise_for_status()
        _until_told(lines, "Fetching", "Storing", "Validating", "Queued", "Complete")
    installation.wait_for("the refresh ends", lambda: not installation.number(UNFINISHED))


def test_of_two_beats_and_four_workers_one_carries_out_each_pull_that_is_due(installation, demo):
    """Round after round everything is due at once, and both beats look at the same moment."""
    scheduled = "SELECT count(*) FROM sync_pull WHERE trigger = 'schedule'"
    already = installation.number(scheduled)
    due = installation.number("SELECT count(*) FROM sync_datastatus")
    assert due > 30

    for number in range(1, ROUNDS + 1):
        installation.ask(
            "UPDATE sync_datastatus SET frequency = %s, next_due_at = now()", str(Frequency.DAILY)
        )
        installation.wait_for(
            f"round {number} is carried out",
            lambda number=number: (
                installation.number(f"{scheduled} AND completed_at IS NOT NULL")
                >= already + number * due
            ),
            seconds=240,
        )
    time.sleep(11)  # both beats look twice more

    assert installation.number(scheduled) == already + ROUNDS * due
    assert installation.number(UNFINISHED) == 0
    # Nobody took what another one had, and each was claimed once.
    assert installation.ask(
        "SELECT data_type, count(*) FROM sync_pull WHERE trigger = 'schedule'"
        " GROUP BY connection_id, data_type HAVING count(*) <> %s",
        ROUNDS,
    ) == []  # fmt: skip
    assert installation.number("SELECT count(*) FROM sync_pull WHERE attempts > 1") == 0
    assert installation.dead() == []


def test_nobody_is_told_what_is_another_organizations(installation, demo):
    """Settings of a transaction end with it, whoever has the connection to PostgreSQL next."""
    statement = "SELECT current_setting('app.organization', true), current_user::text"
    with installation.as_application() as one, installation.as_application() as other:
        for _ in range(50):
            with one.transaction():
                one.execute("SELECT set_config('app.organization', gen_random_uuid()::text, true)")
            assert other.execute(statement).fetchone() in (
                (None, "ledgerport_app"),
                ("", "ledgerport_app"),
            )


def test_a_login_without_its_role_may_do_nothing(installation, demo):
    """What an operator who forgot ALTER ROLE would see."""
    with installation.as_application() as one, one.transaction(force_rollback=True):
        one.execute("SET LOCAL ROLE NONE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            one.execute("SELECT FROM companies_company")


def test_few_connections_serve_all_of_them(installation, demo):
    assert 0 < installation.server_connections() <= POOL_SIZE


def _until_told(lines: Iterator[str], *words: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    for line in lines:
        if any(word in line for word in words):
            return
        assert time.monotonic() < deadline, f"none of {words} came"
    raise httpx.ReadError("the stream ended")
