"""Ledgerport links and pulls a Tryton that nobody here wrote; every commit is real.

What is shown is compared, to the cent, with Tryton's own statements and with what hledger makes of
the journal that was pulled: three ways that share no code.
"""

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from companies import tenancy
from companies.models import Company
from connections import integrations, links
from connections.models import Connection
from connections.schemas import DataType
from sync import engine, operations
from sync.models import Pull, PullStatus, Record
from tests.factories import CompanyFactory, OrganizationFactory
from tests.real.tryton import story
from tests.real.tryton.api import Refused, Rest
from tests.real.tryton.bookkeeper import INVOICE, Bookkeeper
from tests.real.tryton.comparison import Comparison, changed, stored, table
from tests.real.tryton.environment import Tryton, first_of_this_month, serving
from tests.real.tryton.statements import Statements

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.full,
    pytest.mark.timeout(900),  # the first run installs Tryton and fills its books
    pytest.mark.skipif(
        shutil.which("hledger") is None, reason="hledger is not installed (apt-get install hledger)"
    ),
]

DRAFT = ["state", "=", "draft"]


@pytest.fixture
def tryton() -> Iterator[Tryton]:
    with serving() as server:
        yield server


@pytest.fixture
def statements(tryton) -> Iterator[Statements]:
    with Rest(tryton, tryton.reading_key) as rest:
        yield Statements(rest)


@pytest.fixture
def bookkeeper(tryton) -> Iterator[Bookkeeper]:
    with Rest(tryton, tryton.writing_key) as rest:
        yield Bookkeeper(tryton, rest)


@pytest.fixture
def company() -> Company:
    organization = OrganizationFactory(name="Harbour Lending")
    integrations.switch(organization, "tryton", on=True, actor=None)
    return CompanyFactory(organization=organization, name="Larkspur & Stone")


def type_in(company: Company, tryton: Tryton, **wrong: str):
    """Do what a customer does, from the Link URL to the answer to what they typed in."""
    customer = Client()
    path = urlsplit(links.link_url(company)).path
    assert "Tryton" in customer.get(f"{path}choose/").content.decode()
    chosen = customer.post(f"{path}authorize/", {"platform": "tryton"})
    page = chosen.headers["Location"]
    for name in ("url", "database", "key"):
        assert f'name="{name}"' in customer.get(page).content.decode()
    good = {"url": tryton.url, "database": tryton.database, "key": tryton.reading_key}
    return customer.post(page, good | wrong)


def link(company: Company, tryton: Tryton) -> Connection:
    assert type_in(company, tryton).status_code == 303
    with tenancy.entered(company.organization_id):
        return Connection.objects.get(company=company)


def pull(connection: Connection) -> dict[str, Pull]:
    """Let a worker do what waits; return the pulls by type."""
    while engine.run_connection(connection.organization_id, connection.pk):
        pass
    with tenancy.entered(connection.organization_id):
        newest = Pull.objects.filter(connection=connection).order_by("requested_at")
        found = {each.data_type: each for each in newest}
        ends = {kind: (each.status, each.error_message) for kind, each in found.items()}
    assert {status for status, _ in ends.values()} == {PullStatus.COMPLETE}, ends
    return found


def pull_again(company: Company, connection: Connection) -> dict[str, dict[str, bool]]:
    """Refresh everything; return by type what changed, and whether it is deleted now."""
    operations.refresh_company(company)
    pulls = pull(connection)
    with tenancy.entered(company.organization_id):
        return changed(connection, {kind: each.pk for kind, each in pulls.items()})


def compare(company: Company, connection: Connection, statements: Statements, path) -> None:
    with tenancy.entered(company.organization_id):
        comparison = Comparison(company, connection, statements, path / "books.journal")
        rows = comparison.rows()
    print(f"\n{table(rows)}")
    assert [str(row) for row in rows if not row.agrees] == []


def ids(connection: Connection) -> dict[str, set[str]]:
    with tenancy.entered(connection.organization_id):
        return {kind: {each["id"] for each in stored(connection, kind)} for kind in DataType}


def body(connection: Connection, data_type: DataType, record: object) -> dict[str, Any]:
    with tenancy.entered(connection.organization_id):
        found = stored(connection, data_type)
    return next(each for each in found if each["id"] == str(record))


def test_our_figures_are_those_of_tryton_and_of_hledger(company, tryton, statements, tmp_path):
    connection = link(company, tryton)
    pull(connection)

    compare(company, connection, statements, tmp_path)


def test_everything_that_happened_is_pulled(company, tryton):
    connection = link(company, tryton)
    pulls = pull(connection)

    told = story.tell(first_of_this_month())
    credits_ = [each for each in told.documents if each.lines[0].quantity < 0]
    credited = [each for each in told.documents if each.fate == "credited"]
    sales = [each for each in told.documents if each.kind == "out" and each not in credits_]
    purchases = [each for each in told.documents if each.kind == "in" and each not in credits_]
    assert {kind: each.rejected for kind, each in pulls.items() if each.rejected} == {}
    with tenancy.entered(company.organization_id):
        counts = {kind: len(stored(connection, kind)) for kind in DataType}
        invoices = stored(connection, DataType.INVOICES)
        company_info = stored(connection, DataType.COMPANY)[0]
    assert company_info["companyName"] == story.COMPANY
    assert counts[DataType.INVOICES] == len(sales)
    assert counts[DataType.BILLS] == len(purchases)
    assert counts[DataType.CREDIT_NOTES] + counts[DataType.BILL_CREDIT_NOTES] == (
        len(credits_) + len(credited)
    )
    assert sum(each["status"] == "Draft" for each in invoices) == 3
    assert sum(each["status"] == "Void" for each in invoices) == len(credited) + 1
    assert {each["currency"] for each in invoices} == {story.CURRENCY, story.FOREIGN}


def test_what_a_bookkeeper_does_arrives(company, tryton, statements, bookkeeper, tmp_path):
    today = dt.datetime.now(dt.UTC).date()
    overheads = bookkeeper.account("5.2.2")
    charge = {"description": "Fee", "amount": Decimal("-9.50"), "account": overheads}
    _, fee = bookkeeper.enter_statement(today, charge)
    connection = link(company, tryton)
    pull(connection)
    assert pull_again(company, connection) == {}

    before = ids(connection)

    posted, edited, deleted = (each["id"] for each in bookkeeper.find("out", DRAFT))
    voided, paid, *_ = bookkeeper.unpaid("out")
    (bill, *_) = bookkeeper.unpaid("in")
    renamed, moved = voided["party"]["id"], paid["party"]["id"]
    bookkeeper.rename(renamed, "Zoë’s Garden Hotel")
    bookkeeper.move_house(moved, "Port Ellen")
    bookkeeper.change_price(edited, Decimal("77.10"))
    bookkeeper.post(posted)
    bookkeeper.delete(deleted)
    bookkeeper.credit_with_refund(voided["id"])
    bookkeeper.cancel(bill["id"])
    payment = bookkeeper.receive(paid["id"], Decimal("10.00"), today)
    bookkeeper.describe(fee, "Account fee")
    bookkeeper.book_by_hand(today, overheads, bookkeeper.account("2.3.2"), Decimal("300.00"))
    changes = pull_again(company, connection)

    new = {kind: changes.get(kind, {}).keys() - known for kind, known in before.items()}
    # The customer's name stands on all of their invoices and movements.
    moves = {str(each["id"]) for each in bookkeeper.movements(renamed)}
    theirs = {str(each["id"]) for each in bookkeeper.find("out", ["party", "=", renamed])}
    touched = {str(each) for each in (posted, edited, deleted, voided["id"], paid["id"])}
    assert changes["customers"].keys() == {str(renamed), str(moved)}
    assert changes["invoices"].keys() == touched | (theirs - new[DataType.CREDIT_NOTES])
    assert [each for each, is_deleted in changes["invoices"].items() if is_deleted] == [
        str(deleted)
    ]
    assert changes["bills"] == {str(bill["id"]): False}
    assert changes["bankTransactions"] == dict.fromkeys({str(fee), str(payment)} | moves, False)
    assert len(new[DataType.CREDIT_NOTES]) == len(new[DataType.PAYMENTS]) == 1
    # Of what was posted, of what voids the two, of the payment, and what was booked by hand.
    assert len(new[DataType.JOURNAL_ENTRIES]) == 5
    assert body(connection, DataType.CUSTOMERS, renamed)["customerName"] == "Zoë’s Garden Hotel"
    assert body(connection, DataType.CUSTOMERS, moved)["addresses"][0]["city"] == "Port Ellen"
    assert body(connection, DataType.INVOICES, voided["id"])["status"] == "Void"
    assert body(connection, DataType.BILLS, bill["id"])["status"] == "Void"
    after = body(connection, DataType.INVOICES, paid["id"])
    assert (after["status"], Decimal(after["amountDue"])) == (
        "PartiallyPaid",
        paid["amount_to_pay"] - 10,
    )
    compare(company, connection, statements, tmp_path)
    assert pull_again(company, connection) == {}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"key": "0" * 128}, "Tryton does not accept the key"),
        ({"database": "somebody-elses"}, "This Tryton server has no database of that name"),
        ({"url": "http://127.0.0.1:9"}, "could not be reached"),
        ({"url": "{url}/elsewhere"}, "What answers at this address is not a Tryton server"),
        ({"key": ""}, "This field is required"),
    ],
)
def test_the_link_page_says_what_is_wrong(company, tryton, wrong, said):
    response = type_in(
        company, tryton, **{name: value.format(url=tryton.url) for name, value in wrong.items()}
    )

    shown = re.sub(r"\s+", " ", response.content.decode())
    assert response.status_code == 422
    assert said in shown
    with tenancy.entered(company.organization_id):
        assert not Connection.objects.linked().exists()
        assert not Record.objects.exists()


def test_a_key_that_is_cancelled_in_tryton_ends_the_link(company, tryton):
    connection = link(company, tryton)
    with Rest(tryton, tryton.keys["administrator"]) as rest:
        wanted = [["key", "=", tryton.reading_key]]
        (application,) = rest.list("res.user.application", ["user"], wanted)
        rest.press("res.user.application", application["id"], "cancel")

    engine.run_connection(connection.organization_id, connection.pk)

    with tenancy.entered(company.organization_id):
        assert Connection.objects.get(company=company).mark == "deauthorized"
        assert not Pull.objects.filter(status=PullStatus.COMPLETE).exists()


def test_the_key_that_is_given_can_only_read(tryton):
    with Rest(tryton, tryton.reading_key) as rest:
        (draft, *_) = rest.list(INVOICE, ["reference"], [DRAFT])

        with pytest.raises(Refused, match="not allowed"):
            rest.write(INVOICE, draft["id"], {"reference": "changed"})
        with pytest.raises(Refused, match="not allowed"):
            rest.delete(INVOICE, draft["id"])
        with pytest.raises(Refused, match="not allowed"):
            rest.create("party.party", {"name": "Somebody"})
        with pytest.raises(Refused, match="HTTP 403"):
            rest.press(INVOICE, draft["id"], "post")

        assert rest.list(INVOICE, ["reference"], [["id", "=", draft["id"]]]) == [draft]
