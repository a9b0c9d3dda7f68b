"""A connection's life at QuickBooks Online, over real HTTP against a stand-in held to its XSDs."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

import httpx
import pytest

from connections.gates import SharedGate
from connections.platforms.base import (
    AuthorizationRevoked,
    PermissionMissing,
    PlatformApp,
    PlatformError,
    RateLimited,
    Unexpected,
)
from connections.platforms.gates import gated
from connections.platforms.quickbooks import QuickBooks, known
from connections.schemas import DataType
from connections.schemas.validation import validate
from sandbox.ledger.books import Books
from sandbox.ledger.records import Entry
from tests.connections.platforms.contract import respond
from tests.connections.platforms.quickbooks.books import QuickBooksBooks
from tests.connections.platforms.quickbooks.customer import (
    Customer,
    deleted,
    ids,
    pull,
    records,
)
from tests.vendors.books import ledger
from tests.vendors.quickbooks import QuickBooksServer, contract
from tests.vendors.quickbooks.company import Row

ALL = sorted(QuickBooks.data_types, key=lambda data_type: data_type.sync_order)
INCREMENTAL = [data_type for data_type in ALL if data_type in QuickBooks.incremental]
# One request for every thousand rows of each list: no list of the small business has more. The
# company's currency is told apart from it, codes of taxes need their rates, and what moves money is
# in seven lists beside the accounts.
MORE_REQUESTS = {DataType.COMPANY: 2, DataType.TAX_RATES: 2, DataType.BANK_TRANSACTIONS: 8}


class SmallPages(QuickBooks):
    page_size: ClassVar[int] = 3


class Pages(QuickBooks):
    page_size: ClassVar[int] = 100


@pytest.fixture
def gate() -> Iterator[None]:
    """What stands before the platform in the product too: nobody is asked too often."""
    with gated(SharedGate(name="", app=uuid4().hex, organization="", limits=QuickBooks.limits)):
        yield


def test_contract_is_at_hand():
    if contract.load() is None:
        pytest.skip(contract.MISSING)
    assert contract.find_documents()


@pytest.mark.parametrize(
    "answer",
    [
        {"QueryResponse": {"Invoice": [{"Ballance": 1}]}},
        {"QueryResponse": {"Invoice": [{"Balance": "1"}]}},
        {"QueryResponse": {"Invoice": [{"Line": {}}]}},
        {"QueryResponse": {"Invoice": [{"TxnDate": "10/01/2026"}]}},
        {"QueryResponse": {"Account": [{"AccountType": "Banc"}]}},
        {"QueryResponse": {"Customer": [{"Name": "x"}]}},
        {"QueryResponse": {"Invoices": [{}]}},
        {"QueryResponse": {}, "time": "soon"},
        {"Rows": {"Row": [{"type": "Sum"}]}},
    ],
)
def test_contract_sees_what_is_wrong_in_an_answer(answer: Any):
    judge = contract.load()
    if judge is None:
        pytest.skip(contract.MISSING)
    path = "query" if "QueryResponse" in answer else "reports/BalanceSheet"
    timed = answer if path != "query" else {"time": "2026-01-10T09:00:00-08:00"} | answer

    faults = [*judge.answer_faults(f"/v3/company/1/{path}", 200, json.dumps(timed).encode())]

    assert len(faults) == 1, faults


_JSON = {"accept": "application/json"}


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        ("preferences", {}, _JSON),
        ("preferences", {"minorversion": "73"}, _JSON),
        ("preferences", {"minorversion": "75"}, {"accept": "*/*"}),
        ("preferences", {"minorversion": "75", "page": "1"}, _JSON),
        ("invoices", {"minorversion": "75"}, _JSON),
        ("cdc", {"minorversion": "75", "entities": "Invoice"}, _JSON),
        ("cdc", {"minorversion": "75", "entities": "TaxRate", "changedSince": "2026-01-01"}, _JSON),
        (
            "reports/ProfitAndLoss",
            {"minorversion": "75", "accounting_method": "accrual"},
            _JSON,
        ),
        *(
            ("query", {"minorversion": "75", "query": query}, _JSON)
            for query in (
                "SELECT * FROM Invoices",
                "SELECT * FROM Invoice WHERE Id = '1' OR Id = '2'",
                "SELECT * FROM Invoice WHERE Id = 1",
                "SELECT * FROM Invoice WHERE PrivateNote = 'x'",
                "SELECT * FROM Invoice WHERE Active IN (true, false)",
                "SELECT * FROM Invoice LIMIT 10",
                "SELECT * FROM Invoice STARTPOSITION 0",
                "SELECT * FROM Invoice MAXRESULTS 1001",
            )
        ),
    ],
)
def test_contract_sees_what_is_wrong_in_a_request(
    path: str, query: dict[str, str], headers: dict[str, str]
):
    faults = [*contract.request_faults("GET", f"/v3/company/1/{path}", query, headers)]

    assert len(faults) == 1, faults


@pytest.mark.usefixtures("gate")
def test_life_of_a_connection(quickbooks: QuickBooksServer, customer: Customer):
    company = quickbooks.first()
    credentials = customer.authorize()
    platform = customer.open(credentials)
    assert platform.identity().id == company.realm
    assert platform.identity().name == company.name

    # Everything, with as few requests as there can be.
    marks, counts = {}, Counter[DataType]()
    for data_type in ALL:
        quickbooks.requests.clear()
        pages = pull(platform, data_type)
        counts[data_type] = len(quickbooks.requests)
        marks[data_type] = pages[-1].watermark
        pulled = [record for page in pages for record in page.records]
        assert pulled, data_type
        assert not any(page.rejected or page.deleted_ids for page in pages), data_type
        assert [found for record in pulled for found in validate(record)] == []
    print(f"whole pull: {counts.total()} requests")
    assert counts == {data_type: MORE_REQUESTS.get(data_type, 1) for data_type in ALL}

    # Some changes.
    quickbooks.clock.advance(minutes=5)
    unpaid, doomed, *_ = (
        row.id for row in company.rows("Invoice") if row.body["Balance"] == row.body["TotalAmt"] > 0
    )
    payment = next(row for row in company.rows("Payment") if row.body["TotalAmt"])
    (settled, *_) = payment.body["Line"]
    reopened = settled["LinkedTxn"][0]["TxnId"]
    someone = company.rows("Customer")[3].id
    added = company.add_invoice("1000.00", tax="200.00")
    company.void_invoice(unpaid)
    company.delete_invoice(doomed)
    company.delete_payment(payment.id)
    company.deactivate("Customer", someone)
    quickbooks.clock.advance(minutes=5)

    # Only those, with a request for each type.
    quickbooks.requests.clear()
    later = {data_type: pull(platform, data_type, marks[data_type]) for data_type in INCREMENTAL}
    print(f"incremental pull: {len(quickbooks.requests)} requests")
    changed = records(later[DataType.INVOICES])
    settled_by = {each["LinkedTxn"][0]["TxnId"] for each in payment.body["Line"]}
    assert set(changed) == {added, unpaid} | settled_by
    assert changed[unpaid].status == "Void"
    assert changed[reopened].amount_due >= settled["Amount"]
    assert deleted(later[DataType.INVOICES]) == [doomed]
    assert deleted(later[DataType.PAYMENTS]) == [payment.id]
    assert deleted(later[DataType.BANK_TRANSACTIONS]) == [f"Payment-{payment.id}"]
    assert records(later[DataType.CUSTOMERS])[someone].status == "Archived"
    silent = set(INCREMENTAL) - {DataType.INVOICES, DataType.CUSTOMERS}
    assert not any(ids(later[data_type]) for data_type in silent)
    assert len(quickbooks.requests) == len(INCREMENTAL)

    # What was reported is not reported again.
    again = pull(platform, DataType.INVOICES, later[DataType.INVOICES][-1].watermark)
    assert not deleted(again)
    assert not ids(again)


def test_what_is_given_back_can_be_taken_up_again(quickbooks: QuickBooksServer, customer: Customer):
    credentials = customer.authorize()
    platform = customer.open(credentials)

    customer.revoke(credentials)

    with pytest.raises(AuthorizationRevoked):
        pull(platform, DataType.INVOICES)
    with pytest.raises(AuthorizationRevoked):
        customer.refresh(credentials)
    anew = customer.open(customer.authorize())
    rows = quickbooks.first().rows("Invoice")
    assert set(ids(pull(anew, DataType.INVOICES))) == {row.id for row in rows}


@pytest.mark.parametrize("business", ["small", "awkward"])
def test_statements_are_the_ledgers_to_the_cent(business: str):
    with QuickBooksServer([business]) as quickbooks:
        customer = Customer(quickbooks)
        platform = customer.open(customer.authorize())
        (profit,) = records(pull(platform, DataType.PROFIT_AND_LOSS)).values()
        (sheet,) = records(pull(platform, DataType.BALANCE_SHEET)).values()
        customer.http.close()
        assert not quickbooks.violations
    books = ledger(business, quickbooks.clock.now().date())
    entries = _posted(books, quickbooks.first().copied_at)

    assert len(profit.reports) == len(sheet.reports) == 24
    for period in profit.reports:
        first, last = period.from_date, period.to_date
        earned = -_moved(entries, first, last, {"income"})
        assert period.net_profit == earned - _moved(entries, first, last, {"expense"})
        assert period.income.value + period.other_income.value == earned
    for period in sheet.reports:
        assert period.assets.value == _moved(entries, date.min, period.date, {"asset"})
        assert period.liabilities.value == -_moved(entries, date.min, period.date, {"liability"})
        assert period.equity.value == period.net_assets
    assert validate(profit) == validate(sheet) == []


def _posted(books: Books, moment: int) -> list[Entry]:
    """Return what the ledger posted, without what was voided: QuickBooks takes that back."""
    documents = (books.invoices, books.bills, books.credit_notes, books.supplier_credits)
    void = {
        each.id
        for log in documents
        for each in log.as_of(moment)
        if each.record and each.record.status == "void"
    }
    found = (each.record for each in books.journal_entries.as_of(moment))
    return [entry for entry in found if entry and entry.source_id not in void]


def _moved(entries: list[Entry], first: date, last: date, kinds: set[str]) -> Decimal:
    cents = sum(
        posting.amount
        for entry in entries
        if first.toordinal() <= entry.date <= last.toordinal()
        for posting in entry.postings
        if posting.account.classification in kinds
    )
    return Decimal(cents).scaleb(-2)


def test_void_leaves_the_reports_too(quickbooks: QuickBooksServer, customer: Customer):
    platform = customer.open(customer.authorize())
    (before,) = records(pull(platform, DataType.PROFIT_AND_LOSS)).values()
    invoice = quickbooks.first().add_invoice("1000.00", tax="200.00")

    (with_it,) = records(pull(platform, DataType.PROFIT_AND_LOSS)).values()
    quickbooks.first().void_invoice(invoice)
    (after,) = records(pull(platform, DataType.PROFIT_AND_LOSS)).values()

    assert after == before
    assert with_it.reports[0].income.value - before.reports[0].income.value == 1000


def test_company_without_figures_has_a_month_of_nothing(books: QuickBooksBooks):
    platform = QuickBooks(books.client(), books.authorized())

    (profit,) = records(pull(platform, DataType.PROFIT_AND_LOSS)).values()
    (sheet,) = records(pull(platform, DataType.BALANCE_SHEET)).values()

    assert [period.net_profit for period in profit.reports] == [0]
    assert [period.net_assets for period in sheet.reports] == [0]


def test_refresh_token_changes_by_the_day(quickbooks: QuickBooksServer, customer: Customer):
    first = customer.authorize()
    assert first.refresh_expires_at

    same = customer.refresh(first)
    quickbooks.clock.advance(days=1, minutes=1)
    rotated = customer.refresh(same)

    assert first.refresh_token == same.refresh_token != rotated.refresh_token
    assert len({first.access_token, same.access_token, rotated.access_token}) == 3
    assert customer.open(rotated).identity().id == quickbooks.first().realm
    quickbooks.clock.advance(days=102)
    with pytest.raises(AuthorizationRevoked):
        customer.refresh(rotated)


def test_company_that_was_not_let_in_is_refused(customer: Customer):
    forged = customer.authorize(realmId="123")

    with pytest.raises(AuthorizationRevoked, match="does not reach this company"):
        customer.open(forged).identity()


@pytest.mark.usefixtures("gate")
def test_eleventh_request_of_a_second_is_not_sent(quickbooks: QuickBooksServer, customer: Customer):
    platform = customer.open(customer.authorize())

    for _ in range(12):
        platform.identity()

    assert {asked.status for asked in quickbooks.requests} <= {200, 303}


def test_minute_used_up_is_told(quickbooks: QuickBooksServer, customer: Customer):
    platform = customer.open(customer.authorize())
    quickbooks.minute.exhaust(quickbooks.first().realm)

    with pytest.raises(RateLimited) as caught:
        platform.identity()

    assert caught.value.retry_after == 60
    assert not caught.value.is_daily


@pytest.mark.parametrize("page_size", [SmallPages, QuickBooks])
def test_nothing_is_lost_beyond_thirty_days(books: QuickBooksBooks, page_size: type[QuickBooks]):
    credentials = books.authorized()
    platform = page_size(books.client(), credentials, sleep=lambda _: None)
    filled = sorted(books.fill(DataType.INVOICES, 7))
    mark = pull(platform, DataType.INVOICES)[-1].watermark
    books.delete(DataType.INVOICES, filled[2])
    books.change(DataType.INVOICES, filled[4])
    books.advance(timedelta(days=31).total_seconds())
    credentials = QuickBooks.refresh(books.client(), books.app, credentials)
    platform = page_size(books.client(), credentials, sleep=lambda _: None)

    later = pull(platform, DataType.INVOICES, mark)

    assert ids(later) == [filled[4]]
    assert deleted(later) == [filled[2]]
    assert not ids(pull(platform, DataType.INVOICES, later[-1].watermark))


def test_nothing_is_lost_where_too_much_changed(
    books: QuickBooksBooks, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connections.platforms.quickbooks.pull.MOST_CHANGES", 3)
    monkeypatch.setattr(books.quickbooks, "most_changes", 3)
    platform = SmallPages(books.client(), books.authorized(), sleep=lambda _: None)
    filled = sorted(books.fill(DataType.INVOICES, 7))
    mark = pull(platform, DataType.INVOICES)[-1].watermark
    for row_id in filled[:5]:
        books.change(DataType.INVOICES, row_id)
    books.delete(DataType.INVOICES, filled[6])

    later = pull(platform, DataType.INVOICES, mark)

    assert ids(later) == filled[:5]
    assert deleted(later) == [filled[6]]


def test_rows_that_change_while_a_pull_runs_are_not_skipped(books: QuickBooksBooks):
    platform = SmallPages(books.client(), books.authorized(), sleep=lambda _: None)
    filled = sorted(books.fill(DataType.INVOICES, 9))
    pages = platform.fetch(DataType.INVOICES, since=None, cursor=None)
    taken = [next(pages)]

    # Of a list by positions these would leave gaps for later rows to slip through.
    for row_id in ids(taken):
        books.change(DataType.INVOICES, row_id)

    assert set(ids([*taken, *pages])) == set(filled)


def test_rows_that_changed_all_at_once_are_read(books: QuickBooksBooks):
    platform = SmallPages(books.client(), books.authorized(), sleep=lambda _: None)
    moment = books.quickbooks.clock.now()
    for row_id in books.fill(DataType.CUSTOMERS, 8):
        body = books.company.get("Customer", row_id)
        times = {"LastUpdatedTime": moment.isoformat(timespec="seconds")}
        row = Row(row_id, moment.replace(microsecond=0), body | {"MetaData": times})
        books.company.lists["Customer"][row_id] = row

    assert len(set(ids(pull(platform, DataType.CUSTOMERS)))) == 8


def test_payment_moved_off_the_bank_is_no_movement_any_more(books: QuickBooksBooks):
    platform = QuickBooks(books.client(), books.authorized(), sleep=lambda _: None)
    (bank,) = books.fill(DataType.BANK_ACCOUNTS, 1)
    payment = books.put(DataType.PAYMENTS, DepositToAccountRef={"value": bank})
    mark = pull(platform, DataType.BANK_TRANSACTIONS)[-1].watermark
    # Kept in the till until it is paid in.
    books.change(DataType.PAYMENTS, payment, DepositToAccountRef={"value": "4"})

    later = pull(platform, DataType.BANK_TRANSACTIONS, mark)

    assert deleted(later) == [f"Payment-{payment}"]
    assert not ids(later)


@pytest.mark.parametrize("realm", ["", "../1", "1" * 21, "12a", "１２"])
def test_company_that_is_no_number_is_not_asked_for(books: QuickBooksBooks, realm: str):
    with pytest.raises(Unexpected):
        QuickBooks.exchange(
            books.client(),
            books.app,
            code="c",
            redirect_uri=books.redirect_uri,
            code_verifier="",
            callback={"realmId": realm},
        )
    assert not books.request_count()


@pytest.mark.parametrize(
    ("status", "code", "kind", "expected"),
    [
        (401, "3200", "AUTHENTICATION", AuthorizationRevoked),
        (400, "3200", "AUTHENTICATION", AuthorizationRevoked),
        (403, "3100", "SERVICE", AuthorizationRevoked),
        (403, "5020", "ValidationFault", PermissionMissing),
        (400, "6190", "ValidationFault", PermissionMissing),
        (400, "4000", "ValidationFault", Unexpected),
        (429, "003001", "THROTTLE", RateLimited),
        (403, "003001", "THROTTLE", RateLimited),
    ],
)
@pytest.mark.parametrize("names", [("Fault", "Error"), ("fault", "error")])
def test_fault_is_read(
    books: QuickBooksBooks,
    status: int,
    code: str,
    kind: str,
    expected: type[PlatformError],
    names: tuple[str, str],
):
    platform = QuickBooks(books.client(), books.authorized(), sleep=lambda _: None)
    outer, inner = names
    body = f'{{"{outer}":{{"{inner}":[{{"code":"{code}"}}],"type":"{kind}"}}}}'
    books.fail(respond(status, body=body.encode()), times=3)

    with pytest.raises(PlatformError) as caught:
        pull(platform, DataType.INVOICES)

    assert type(caught.value) is expected


def test_vendors_own_addresses():
    production, sandbox = PlatformApp(), PlatformApp(environment="sandbox")

    assert QuickBooks.api_url(production) == "https://quickbooks.api.intuit.com"
    assert QuickBooks.api_url(sandbox) == "https://sandbox-quickbooks.api.intuit.com"
    assert QuickBooks.consent_origins(production) == (
        "https://appcenter.intuit.com",
        "https://accounts.intuit.com",
    )
    url = QuickBooks.authorize_url(
        production, state="s", redirect_uri="https://p.test/", code_challenge="c"
    )
    assert url.startswith("https://appcenter.intuit.com/connect/oauth2?")
    assert httpx.URL(url).params["scope"] == "com.intuit.quickbooks.accounting"


def test_ids_are_remembered_small():
    numbers = {*range(1, 30_000, 3), 10**15, 10**15 + 1}

    packed = known.pack(numbers)

    assert known.unpack(packed) == numbers
    assert len(packed) < 500
    assert known.unpack(known.pack(())) == known.unpack(None) == set()
    assert known.read("2026-01-01") is None
