"""A real hledger-web, linked through the Link page and pulled: its figures are hledger's own."""

import calendar
import csv
import datetime as dt
import io
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client

from companies import tenancy
from connections import integrations, links
from connections.models import Connection
from connections.schemas import BalanceSheet, DataType, ProfitAndLoss, decode
from sync import engine, operations
from sync.models import Pull, PullStatus, Record, UnknownField
from tests.factories import CompanyFactory, OrganizationFactory
from tests.link.test_link_pages import press, text

pytestmark = [
    pytest.mark.full,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        shutil.which("hledger-web") is None or shutil.which("hledger") is None,
        reason="hledger-web is not installed (apt-get install hledger hledger-web)",
    ),
]

START = dt.date(2025, 6, 1)
MONTHS = 18
SECONDS_TO_START = 20


@dataclass
class Books:
    """A journal on disk and the server that shows it."""

    path: Path
    url: str = ""
    server: subprocess.Popen[bytes] | None = None

    def write(self, on: dt.date, words: str, *lines: tuple[str, str]) -> None:
        body = "".join(f"    {account}  {amount}\n" for account, amount in lines)
        with self.path.open("a") as journal:
            journal.write(f"{on} {words}\n{body}\n")

    def serve(self) -> None:
        """Start the server anew: it reads the journal once."""
        self.stop()
        port = urlsplit(self.url).port or _free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = ["hledger-web", "--serve-api", "--host", "127.0.0.1", "--port", str(port)]
        self.server = subprocess.Popen(
            [*command, "-f", str(self.path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                httpx.get(f"{self.url}/version", trust_env=False)
                return
            time.sleep(0.1)
        raise AssertionError("hledger-web did not start")

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.wait(10)

    def sum(self, kinds: str, *options: str) -> Decimal:
        """Let hledger itself add up the accounts of some types."""
        query = [f"type:{kinds}", "--real", "--cost", "--depth", "0", "-O", "csv", *options]
        listed = subprocess.run(
            ["hledger", "-f", str(self.path), "balance", *query],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        total = next(row for row in csv.reader(io.StringIO(listed)) if row[0] == "total")
        return Decimal(total[1].replace("$", "").replace(",", "") or "0")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def books(tmp_path) -> Iterator[Books]:
    """Eighteen months of a small trade; the same every time."""
    books = Books(tmp_path / "books.journal")
    chance = random.Random(1867)
    books.path.write_text("account kasse  ; type: Cash\n\n")
    books.write(START, "Opening", ("assets:bank:checking", "$25000"), ("equity:opening", ""))
    books.write(START, "Loan", ("assets:bank:checking", "$12000"), ("liabilities:loan", ""))
    for month in range(MONTHS):
        year, index = divmod(START.month - 1 + month, 12)
        first = dt.date(START.year + year, index + 1, 1)
        last = calendar.monthrange(first.year, first.month)[1]
        for number in range(chance.randint(12, 16)):
            on = first.replace(day=chance.randint(1, last))
            net = Decimal(chance.randint(2_000, 90_000)) / 100
            books.write(
                on,
                f"(S{month:02}{number:02}) Sale",
                ("assets:receivable", f"${net * 108 / 100:.2f}"),
                ("revenues:sales", f"$-{net}"),
                ("liabilities:sales tax", ""),
            )
            if chance.random() < 0.6:
                paid = min(on + dt.timedelta(days=chance.randint(5, 40)), first.replace(day=last))
                books.write(
                    max(on, paid),
                    "Paid",
                    ("kasse", f"${net * 108 / 100:.2f}"),
                    ("assets:receivable", ""),
                )
        books.write(first, "Rent", ("expenses:rent", "$900"), ("assets:bank:checking", ""))
        books.write(
            first.replace(day=last), "Payroll", ("expenses:wages", "$2300.55"), ("kasse", "")
        )
        books.write(
            first.replace(day=15),
            "Import",
            ("expenses:goods", f"€{chance.randint(100, 400)} @ $1.17"),
            ("assets:bank:checking", ""),
        )
        books.write(
            first.replace(day=20),
            "Loan",
            ("liabilities:loan", "$200"),
            ("expenses:interest", f"${chance.randint(2000, 6000) / 100}"),
            ("assets:bank:checking", ""),
        )
    books.serve()
    yield books
    books.stop()


@pytest.fixture
def connection(books) -> Connection:
    """The journal, linked by its owner."""
    organization = OrganizationFactory(name="Harbour Lending")
    company = CompanyFactory(organization=organization, name="Eastgate Roasters")
    with tenancy.entered(organization.pk):
        integrations.switch(organization, "hledger", on=True, actor=None)
        page = f"{urlsplit(links.link_url(company)).path}credentials/hledger/"
    customer = Client(enforce_csrf_checks=True)
    wrong = press(customer, page, page, url="http://127.0.0.1:9", key="")
    assert "hledger could not be reached" in text(wrong)
    assert press(customer, page, page, url=books.url, key="").status_code == 303
    with tenancy.entered(organization.pk):
        return Connection.objects.get()


def pull(connection: Connection) -> dict[str, Pull]:
    engine.run_connection(connection.organization_id, connection.pk)
    with tenancy.entered(connection.organization_id):
        pulls = {each.data_type: each for each in Pull.objects.order_by("requested_at")}
    assert {each.status for each in pulls.values()} == {PullStatus.COMPLETE}
    return pulls


def statement[S: (BalanceSheet, ProfitAndLoss)](
    connection: Connection, data_type: DataType, kind: type[S]
) -> S:
    with tenancy.entered(connection.organization_id):
        return decode(kind, Record.objects.get(data_type=data_type).body.encode())


def compare(connection: Connection, books: Books) -> int:
    """Hold every month's figures against hledger's own; return how many figures agreed."""
    compared = 0
    print(f"\n{'':12}{'assets':>14}{'liabilities':>14}{'equity':>14}{'income':>12}{'expenses':>12}")
    sheets = statement(connection, DataType.BALANCE_SHEET, BalanceSheet)
    results = statement(connection, DataType.PROFIT_AND_LOSS, ProfitAndLoss)
    for sheet, result in zip(sheets.reports, results.reports, strict=True):
        end = (sheet.date + dt.timedelta(days=1)).isoformat()
        month = ("-b", result.from_date.isoformat(), "-e", end)
        ours = [
            line.value if line else Decimal()
            for line in (
                sheet.assets,
                sheet.liabilities,
                sheet.equity,
                result.income,
                result.expenses,
            )
        ]
        theirs = [
            books.sum("AC", "-e", end),
            -books.sum("L", "-e", end),
            books.sum("ACL", "-e", end),
            -books.sum("R", *month),
            books.sum("X", *month),
        ]
        print(f"{sheet.date!s:12}" + "".join(f"{each:>13}" for each in ours))
        assert ours == theirs, sheet.date
        compared += len(ours)
    return compared


def test_figures_are_those_of_hledger_before_and_after_changes(connection, books):
    pulls = pull(connection)

    assert pulls["journalEntries"].added >= 300
    assert not any(each.rejected for each in pulls.values())
    with tenancy.entered(connection.organization_id):
        assert not UnknownField.objects.exists()
    assert compare(connection, books) == 5 * MONTHS

    today = START.replace(year=START.year + 1, month=11, day=29)
    books.write(today, "Late sale", ("kasse", "$777.77"), ("revenues:sales", ""))
    books.path.write_text(books.path.read_text().replace("Payroll\n", "Wages\n", 1))
    books.serve()
    with tenancy.entered(connection.organization_id):
        operations.refresh_company(connection.company)
    later = pull(connection)["journalEntries"]

    # What is renamed is another entry: hledger has no ids.
    assert (later.added, later.changed, later.deleted) == (2, 0, 1)
    assert compare(connection, books) == 5 * MONTHS


def test_server_that_is_gone_is_said_so(connection, books):
    pull(connection)
    books.stop()
    with tenancy.entered(connection.organization_id):
        operations.queue_pull(connection, "journalEntries", trigger=Pull.Trigger.MANUAL)

    engine.run_connection(connection.organization_id, connection.pk)

    with tenancy.entered(connection.organization_id):
        ended = Pull.objects.order_by("requested_at").last()
        assert ended
        assert (ended.status, Record.objects.filter(is_deleted=True).count()) == ("FetchError", 0)
        assert "hledger could not be reached" in ended.error_message
