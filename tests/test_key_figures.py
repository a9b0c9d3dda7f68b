"""The figures on a company's page are hledger's figures over the same journal, to the cent.

Two ways that share no code: the platform's reports, pulled, stored and summed up by us; and the
platform's journal, added up by hledger.
"""

import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from companies import tenancy
from connections.schemas import DataType
from link.sandbox import link_sandbox
from sandbox.ledger.profiles import PROFILES
from sync import engine
from sync.models import Pull, PullStatus
from tests.factories import CompanyFactory, MembershipFactory, OrganizationFactory, UserFactory
from tests.real_sandbox import sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.sandbox.test_plain_text_accounting import write_journal

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        shutil.which("hledger") is None, reason="hledger is not installed (apt-get install hledger)"
    ),
]


def hledger(journal: Path, query: str, *period: str) -> Decimal:
    command = [
        "hledger",
        "-f",
        str(journal),
        "balance",
        query,
        "--depth",
        "1",
        "-O",
        "csv",
        *period,
    ]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total = next(line for line in listed.splitlines() if line.startswith('"total'))
    amount = total.split('","')[1].strip('"').replace(",", "").split()[0]
    return Decimal(amount)


def expected(
    entries: list[dict[str, Any]], key: str, months: tuple[str, str], path: Path
) -> dict[str, Decimal]:
    write_journal(path, entries, PROFILES[key].currency)
    year = ("-b", months[0], "-e", months[1])
    sales = -hledger(path, "^Income:Sales", *year)
    costs = hledger(path, "^Expenses:(CostOfSales|Overheads)", *year)
    return {
        "Revenue": sales,
        "Operating profit": sales - costs,
        "Equity": -hledger(path, "^(Equity|Income|Expenses)"),
    }


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=pytest.mark.full if key == "busy" else ())
        for key in sorted(PROFILES)
    ],
)
def test_figures_on_screen_are_those_of_the_ledger(sandbox, tmp_path, key):
    user = UserFactory()
    organization = OrganizationFactory(name="Harbour Lending")
    MembershipFactory(organization=organization, user=user)
    company = CompanyFactory(organization=organization, name="Eastgate Roasters")
    connection = link_sandbox(company, business=key)
    assert connection is not None
    with tenancy.entered(organization.pk):
        Pull.objects.exclude(
            data_type__in=[DataType.PROFIT_AND_LOSS, DataType.BALANCE_SHEET]
        ).delete()

    # Time passes at the platform: what is pulled in between is one of the two.
    before = sandbox.control("GET", f"businesses/{key}/journal").json()
    engine.run_connection(organization.pk, connection.pk)
    after = sandbox.control("GET", f"businesses/{key}/journal").json()

    with tenancy.entered(organization.pk):
        assert {pull.status for pull in Pull.objects.all()} == {PullStatus.COMPLETE}
    browser = Client()
    browser.force_login(user)
    page = browser.get(
        reverse("sync:summary", args=[organization.slug, company.pk])
    ).content.decode()
    shown = re.findall(
        r'>(Revenue|Operating profit|Equity)</a></p>\s*<p class="v"><data value="([^"]+)"', page
    )
    (first, last), *_ = re.findall(r"12 months, (\w+ \d{4}) to (\w+ \d{4})", page)
    months = (first_day(first), first_day(last, later=1))
    ledger = [
        expected(entries, key, months, tmp_path / "books.journal") for entries in (before, after)
    ]
    assert {label: Decimal(value) for label, value in shown} in ledger
    assert ledger[0]["Revenue"] > 0


def first_day(month: str, later: int = 0) -> str:
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    name, year = month.split()
    count = int(year) * 12 + names.index(name) + later
    return f"{count // 12}-{count % 12 + 1:02}-01"
