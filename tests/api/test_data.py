"""Records of every data type, as programs read them."""

import datetime as dt
import json
import tracemalloc
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api import bodies, datasets
from companies import tenancy
from connections.schemas import DataType, encode
from sync.models import PullStatus
from sync.query import properties
from tests.api.stored import a_canonical, keep, keep_another, members, supersede
from tests.factories import CompanyFactory, ConnectionFactory, DataStatusFactory
from tests.sync.books import a_pull, a_status

pytestmark = pytest.mark.django_db

LISTS = [each for each in DataType if not each.is_single]
ACCOUNT = "account/1"


def path_of(data_type):
    return datasets.path_of(data_type).replace("{path:accountId}", ACCOUNT)


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company)


@pytest.fixture(params=["company", "connection"])
def base(request, company, connection):
    if request.param == "company":
        return f"/companies/{company.pk}/data"
    return f"/companies/{company.pk}/connections/{connection.pk}/data"


@pytest.fixture
def data(company):
    return f"/companies/{company.pk}/data"


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["results"]]


@pytest.mark.parametrize("data_type", LISTS)
def test_each_data_type_is_listed_and_read(program, base, connection, data_type):
    keep(connection, data_type, *(a_canonical(data_type, f"no/{number}") for number in "12"))
    path = f"{base}/{path_of(data_type)}"
    answer = program.get(path)

    assert ids(answer) == ["no/1", "no/2"]
    listed = answer.json()["results"][0]
    assert listed["metadata"] == {"isDeleted": False}
    assert listed["modifiedDate"].endswith("Z")
    assert listed["sourceModifiedDate"] is None
    assert program.get(f"{path}/no%2F1").json() == listed
    assert program.get(f"{path}/no/1").json() == listed


@pytest.mark.parametrize("data_type", LISTS)
def test_what_is_not_there_is_not_found(program, base, connection, data_type):
    path = f"{base}/{path_of(data_type)}"
    keep(connection, data_type)
    for record_id in ("9", "9%00", "x" * 300):
        answer = program.get(f"{path}/{record_id}")
        assert answer.status_code == 404
        if "%00" not in record_id:  # which no address has
            assert answer.json()["error"].startswith(f"No data available for {data_type} for ID ")


@pytest.mark.parametrize("data_type", DataType)
def test_what_was_not_requested_cannot_be_read_yet(program, base, connection, data_type):
    path = f"{base}/{path_of(data_type)}?periodLength=1&periodsToCompare=1"
    answer = program.get(path)
    assert answer.status_code == 409
    assert f"{data_type} has not been requested" in answer.json()["error"]

    pull = a_pull(connection, data_type, status=PullStatus.FETCHING)
    status = DataStatusFactory(
        connection=connection,
        data_type=data_type,
        latest_pull_id=pull.pk,
        latest_status=PullStatus.FETCHING,
    )
    answer = program.get(path)
    assert answer.status_code == 409
    assert "still syncing" in answer.json()["error"]

    status.latest_status = PullStatus.FETCH_ERROR
    status.save()
    answer = program.get(path)
    assert answer.status_code == 409
    assert f"dataset {pull.pk} ended in FetchError" in answer.json()["error"]

    status.latest_status = PullStatus.NOT_SUPPORTED
    status.save()
    answer = program.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"] == (
        f"Datatype {data_type} not supported by platform(s) {connection.platform_name}"
    )


def test_company_info_has_neither_an_id_nor_dates(program, base, connection):
    keep(connection, DataType.COMPANY, a_canonical(DataType.COMPANY, company_name="Eastgate"))
    info = program.get(f"{base}/info").json()
    assert info["companyName"] == "Eastgate"
    assert not {"id", "modifiedDate", "sourceModifiedDate", "metadata"} & set(info)


def test_without_a_connection_there_is_nothing(program, data):
    answer = program.get(f"{data}/invoices")
    assert answer.status_code == 404
    assert "no accounting connection" in answer.json()["error"]


def test_the_company_reads_what_is_linked_now(program, company, data):
    old = ConnectionFactory(company=company, status="Unlinked", last_pull_at=timezone.now())
    keep(old, DataType.INVOICES, a_canonical(DataType.INVOICES, "old"))
    assert ids(program.get(f"{data}/invoices")) == ["old"]

    new = ConnectionFactory(company=company)
    keep(new, DataType.INVOICES, a_canonical(DataType.INVOICES, "new"))
    assert ids(program.get(f"{data}/invoices")) == ["new"]
    path = f"/companies/{company.pk}/connections/{old.pk}/data/invoices"
    assert ids(program.get(path)) == ["old"]


def test_digits_are_handed_on_as_they_are_written(program, data, connection):
    total = Decimal("123456789012345678.1234567890")
    keep(
        connection,
        DataType.INVOICES,
        a_canonical(DataType.INVOICES, amount_due=Decimal("0.10"), total_amount=total),
    )
    for path in ("invoices", "invoices/1"):
        answer = program.get(f"{data}/{path}").content
        assert b'"amountDue":0.10,' in answer
        assert b'"totalAmount":123456789012345678.1234567890,' in answer


def test_what_is_deleted_at_the_source_is_flagged(program, data, connection):
    source = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    there, gone = (
        a_canonical(DataType.INVOICES, name, source_modified_date=source, status="Paid")
        for name in ("there", "gone")
    )
    keep(connection, DataType.INVOICES, there)
    row = keep_another(connection, gone, is_deleted=True)

    assert row.is_deleted
    one = program.get(f"{data}/invoices/gone").json()
    assert one["metadata"] == {"isDeleted": True}
    assert one["sourceModifiedDate"] is None
    assert one["status"] == "Paid"
    assert program.get(f"{data}/invoices/there").json()["sourceModifiedDate"] == (
        "2026-01-01T00:00:00Z"
    )
    assert ids(program.get(f"{data}/invoices?query=metadata.isDeleted!=true")) == ["there"]


@pytest.mark.parametrize("data_type", LISTS)
def test_of_every_list_what_is_deleted_can_be_left_out(program, data, connection, data_type):
    keep(connection, data_type, a_canonical(data_type), is_deleted=True)
    path = f"{data}/{path_of(data_type)}"
    assert len(ids(program.get(path))) == 1
    assert ids(program.get(f"{path}?query=metadata.isDeleted!=true")) == []


@pytest.mark.parametrize("number", [0, 1, 101])
def test_pages(program, data, connection, number):
    records = [a_canonical(DataType.CUSTOMERS, f"{each:03}") for each in range(number)]
    keep(connection, DataType.CUSTOMERS, *records)
    first = program.get(f"{data}/customers").json()
    path = f"/companies/{connection.company_id}/data/customers"

    assert len(first["results"]) == min(number, 100)
    assert (first["pageNumber"], first["pageSize"], first["totalResults"]) == (1, 100, number)
    assert first["_links"]["self"] == {"href": path}
    assert ("next" in first["_links"]) == (number > 100)
    second = program.get(f"{data}/customers?page=2&pageSize=100").json()
    found = [each["id"] for each in first["results"] + second["results"]]
    assert found == [f"{each:03}" for each in range(number)]
    assert program.get(f"{data}/customers?pageSize=5001").status_code == 400
    assert program.get(f"{data}/customers?page=0").status_code == 400
    assert ids(program.get(f"{data}/customers?page=1000000000&pageSize=5000")) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("amountDue>", "The query ends where a value is expected"),
        ("shoes=1", "Could not resolve property shoes on Invoice"),
        ("lineItems.unitAmount>1", "queries do not look into lists"),
        ("amountDue>much", "which much is not"),
        ("status=Lost", "status is never Lost"),
        ("note=" + "x" * 2048, "2048"),
    ],
)
def test_a_query_that_cannot_be_answered(program, data, connection, query, words):
    keep(connection, DataType.INVOICES)
    answer = program.get(f"{data}/invoices?query={query}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Error parsing query - ")
    assert words.lower() in answer.json()["error"].lower()
    assert "at character" in answer.json()["error"] or "2048" in words


@pytest.mark.parametrize("text", ["query=note%3Da%00b", "orderBy=%00", "asOf=%00", "query=%00"])
def test_no_text_breaks_a_list(program, data, connection, text):
    keep(connection, DataType.INVOICES)
    assert program.get(f"{data}/invoices?{text}").status_code in {200, 400}


def test_queries_and_orders(program, data, connection):
    keep(
        connection,
        DataType.INVOICES,
        a_canonical(DataType.INVOICES, "a", amount_due=Decimal(9), note="b", due_date=None),
        a_canonical(DataType.INVOICES, "b", amount_due=Decimal(10), note="a"),
        a_canonical(DataType.INVOICES, "c", amount_due=Decimal(10), issue_date=dt.date(2026, 1, 1)),
    )

    def found(asked):
        return ids(program.get(f"{data}/invoices?{asked}"))

    assert found("query=amountDue>=10") == ["b", "c"]
    assert found("query={note=a || note=b} %26%26 amountDue<10") == ["a"]
    assert found("orderBy=amountDue") == ["a", "b", "c"]
    assert found("orderby=-amountDue") == ["b", "c", "a"]
    assert found("orderBy=note") == ["b", "a", "c"]
    assert found("orderBy=-note") == ["a", "b", "c"]
    assert found("orderBy=issueDate") == ["c", "a", "b"]
    assert found("orderBy=-id") == ["c", "b", "a"]
    assert found("orderBy=amountDue&pageSize=1&page=3") == ["c"]


def test_it_cannot_be_ordered_by_what_is_not_there(program, data, connection):
    keep(connection, DataType.INVOICES)
    answer = program.get(f"{data}/invoices?orderBy=-amuntDue")
    assert answer.status_code == 400
    assert answer.json()["error"] == (
        "Error parsing orderBy - Could not resolve property amuntDue on Invoice. "
        "Did you mean amountDue?"
    )


@pytest.mark.parametrize("data_type", LISTS)
def test_every_property_can_be_ordered_by(program, data, connection, data_type):
    alike = (a_canonical(data_type, each) for each in "12")
    keep(connection, data_type, *alike, modified_at=timezone.now())
    for name in properties(data_type):
        found = ids(program.get(f"{data}/{path_of(data_type)}?orderBy=-{name}"))
        assert found == (["2", "1"] if name == "id" else ["1", "2"]), name


def test_what_takes_too_long_is_refused(program, data, connection, monkeypatch):
    keep(connection, DataType.INVOICES, a_canonical(DataType.INVOICES))
    monkeypatch.setattr(datasets, "LONGEST", dt.timedelta(milliseconds=30))
    rows = datasets.Dataset.found

    def slowly(self, query, order_by):
        return rows(self, query, order_by).extra(where=["pg_sleep(0.2) IS NOT NULL"])

    monkeypatch.setattr(datasets.Dataset, "found", slowly)
    answer = program.get(f"{data}/invoices?query=note~x")
    assert answer.status_code == 400
    assert "takes too long" in answer.json()["error"]


def test_the_past_is_read_by_a_moment_or_a_pull(program, base, connection):
    then = timezone.now() - dt.timedelta(days=2)
    first, late = (a_canonical(DataType.INVOICES, name) for name in ("first", "late"))
    (row,) = keep(connection, DataType.INVOICES, first, modified_at=then)
    keep_another(connection, late, modified_at=timezone.now() - dt.timedelta(hours=1))
    changed = a_canonical(DataType.INVOICES, "first", amount_due=Decimal("0.00"), status="Paid")
    pull = supersede(
        connection,
        row,
        at=then + dt.timedelta(days=1),
        body=encode(changed).decode(),
        record_status="Paid",
    )

    def read(as_of, more=""):
        return program.get(f"{base}/invoices?asOf={as_of}{more}")

    before = (then + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(read(before)) == ["first"]
    assert b'"amountDue":100.10' in read(before).content
    assert read(before).json()["results"][0]["status"] == "Submitted"
    assert ids(read(before, "&query=status=Paid")) == []
    assert ids(read(pull.pk)) == ["first"]
    assert ids(read(pull.pk, "&query=status=Paid")) == ["first"]
    assert ids(program.get(f"{base}/invoices")) == ["first", "late"]
    one = f"{base}/invoices/first?asOf="
    assert program.get(f"{one}{before}").json()["status"] == "Submitted"
    assert program.get(f"{one}{pull.pk}").json()["status"] == "Paid"
    assert program.get(f"{one}2020-01-01").status_code == 404
    assert read("yesterday").status_code == 400
    assert read(connection.pk).status_code == 400


def test_transactions_lie_below_their_account(program, base, connection):
    keep(
        connection,
        DataType.BANK_TRANSACTIONS,
        a_canonical(DataType.BANK_TRANSACTIONS, "ours"),
        a_canonical(DataType.BANK_TRANSACTIONS, "other", account_id="2"),
    )
    keep(connection, DataType.BANK_ACCOUNTS, a_canonical(DataType.BANK_ACCOUNTS, "empty"))
    accounts = f"{base}/bankAccounts"

    assert ids(program.get(f"{accounts}/{ACCOUNT}/bankTransactions")) == ["ours"]
    assert program.get(f"{accounts}/2/bankTransactions/other").status_code == 200
    assert program.get(f"{accounts}/2/bankTransactions/ours").status_code == 404
    assert ids(program.get(f"{accounts}/empty/bankTransactions")) == []
    answer = program.get(f"{accounts}/nowhere/bankTransactions")
    assert answer.status_code == 404
    assert answer.json()["error"] == "No data available for bankAccounts for ID nowhere"


@pytest.mark.full
def test_a_large_page_costs_few_queries_and_little_more_than_itself(program, data, connection):
    note = "x" * 2000
    keep(
        connection,
        DataType.INVOICES,
        *(a_canonical(DataType.INVOICES, f"{each:04}", note=note) for each in range(5000)),
    )

    def asked(size):
        with CaptureQueriesContext(
            database,
        ) as queries:
            answer = program.get(f"{data}/invoices?pageSize={size}")
        assert len(answer.json()["results"]) == size
        return [each["sql"] for each in queries if "FETCH" not in each["sql"]]

    asked(1)  # what is read once is read
    assert len(asked(10)) == len(asked(5000))
    tracemalloc.start()
    size = len(program.get(f"{data}/invoices?pageSize=5000").content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3.5 * size, (peak, size)


def test_another_organizations_company_is_not_there(program, other_organization):
    theirs = ConnectionFactory(company=CompanyFactory(organization=other_organization))
    with tenancy.entered(other_organization.pk):
        a_status(theirs)
    assert program.get(f"/companies/{theirs.company_id}/data/invoices").status_code == 404
    path = f"/companies/{theirs.company_id}/connections/{theirs.pk}/data/invoices"
    assert program.get(path).status_code == 404


def test_records_are_taken_apart_at_their_outermost_members_only():
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    deep = b'{"metadata":{"isDeleted":false},"n":[1.0,2.50]}'
    text = '"metadata":{"isDeleted":false}'
    body = f'{{"id":"1","text":{json.dumps(text)},"deep":{deep.decode()},{text}}}'
    written = bodies.written(DataType.INVOICES, (body, moment, True))
    found = members(written)
    assert bytes(found["deep"]) == deep
    assert json.loads(written)["text"] == text
    assert bytes(found["metadata"]) == b'{"isDeleted":true}'
    assert bytes(found["modifiedDate"]) == b'"2026-01-01T00:00:00.000000Z"'
