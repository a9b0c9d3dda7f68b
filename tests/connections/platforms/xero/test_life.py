"""A connection's life at Xero, over real HTTP against a stand-in held to Xero's documents."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import httpx
import pytest

from connections.platforms.base import AuthorizationRevoked
from connections.platforms.xero import Xero
from connections.schemas import DataType
from connections.schemas.validation import validate
from sandbox.ledger import moments
from sandbox.ledger.totals import Sums
from tests.connections.platforms.xero.customer import Customer, deleted, find, pull, records
from tests.vendors.books import ledger
from tests.vendors.xero import XeroServer, contract
from tests.vendors.xero.organisation import Row

ALL = sorted(Xero.data_types, key=lambda data_type: data_type.sync_order)
INCREMENTAL = [data_type for data_type in ALL if data_type in Xero.incremental]
# One request for every thousand rows of each list: no type of the small business has more. Payments
# are in three lists; items and journals need the accounts or the organization besides; statements
# the organization, and a month of 31 days to begin with, so that 24 months need a third request in
# the other months.
SINGLE_REQUESTS = {
    DataType.PAYMENTS: 3,
    DataType.BILL_PAYMENTS: 3,
    DataType.ITEMS: 2,
    DataType.JOURNAL_ENTRIES: 2,
}


class SmallPages(Xero):
    page_size: ClassVar[int] = 10


def statement_requests(today: date) -> int:
    # With the organization's own.
    return 3 if (today.replace(day=28) + timedelta(days=4)).day == 1 else 4


def test_contract_is_at_hand():
    if contract.load() is None:
        pytest.skip(contract.MISSING)
    assert contract.find_documents()


def test_contract_sees_what_is_wrong(xero: XeroServer):
    judge = contract.load()
    if judge is None:
        pytest.skip(contract.MISSING)
    invoices = "/api.xro/2.0/Invoices"

    asked = judge.request_faults("GET", invoices, {"pagesize": "10", "page": "one"}, {})
    answered = judge.answer_faults("GET", invoices, 200, b'{"Invoices": [{"Date": "2018-10-20"}]}')
    unknown = judge.request_faults("GET", "/api.xro/2.0/Invoces", {}, {})

    assert len([*asked]) == 3
    assert len([*answered]) == 1
    assert len([*unknown]) == 1


def test_life_of_a_connection(xero: XeroServer, customer: Customer):
    books = xero.first()
    credentials = customer.linked()
    platform = customer.open(credentials)

    # Everything, with as few requests as there can be.
    watermarks, counts = {}, Counter[DataType]()
    for data_type in ALL:
        xero.requests.clear()
        pages = pull(customer.open(credentials), data_type)
        counts[data_type] = len(xero.requests)
        watermarks[data_type] = pages[-1].watermark
        pulled = [record for page in pages for record in page.records]
        assert pulled, data_type
        assert not any(page.rejected or page.deleted_ids for page in pages), data_type
        assert [found for record in pulled for found in validate(record)] == []
    reports = statement_requests(xero.clock.now().date())
    least = {t: SINGLE_REQUESTS.get(t, reports if t.is_report else 1) for t in ALL}
    print(f"whole pull: {counts.total()} requests")
    assert counts == least

    # Some changes.
    xero.clock.advance(minutes=5)
    open_invoice = find(books, "Invoices", Type="ACCREC", Status="AUTHORISED", AmountPaid=0)
    payment = find(books, "Payments", PaymentType="ACCRECPAYMENT")
    contact = find(books, "Contacts", IsCustomer=True, ContactStatus="ACTIVE")
    added = books.add_invoice("1000.00", tax="200.00")
    books.void_invoice(open_invoice.id)
    books.delete_payment(payment.id)
    books.archive_contact(contact.id)
    reopened = payment.body["Invoice"]["InvoiceID"]

    # Only those, with a request for each list.
    xero.requests.clear()
    later = {t: pull(platform, t, since=watermarks[t]) for t in INCREMENTAL}
    print(f"incremental pull: {len(xero.requests)} requests for {len(INCREMENTAL)} types")
    # Payments and bill payments lie in three lists each.
    assert len(xero.requests) == len(INCREMENTAL) + 4
    invoices = records(later[DataType.INVOICES])
    assert {key: record.status for key, record in invoices.items()} == {
        added: "Submitted",
        open_invoice.id: "Void",
        reopened: invoices[reopened].status,
    }
    assert invoices[reopened].amount_due >= payment.body["Amount"]
    assert deleted(later[DataType.PAYMENTS]) == [payment.id]
    contacts = records(pull(platform, DataType.CUSTOMERS))
    assert contacts[contact.id].status == "Archived"
    for data_type in set(INCREMENTAL) - {DataType.INVOICES}:
        assert not records(later[data_type]), data_type

    # Given back, and taken up again.
    customer.revoke(credentials)
    with pytest.raises(AuthorizationRevoked):
        pull(platform, DataType.INVOICES)
    with pytest.raises(AuthorizationRevoked):
        customer.refresh(credentials)
    again = customer.open(customer.linked())
    assert again.identity().id == books.tenant
    assert len(records(pull(again, DataType.INVOICES))) == len(
        [row for row in books.rows("Invoices") if row.body["Type"] == "ACCREC"]
    )


@pytest.mark.parametrize("business", ["small", "awkward"])
def test_statements_are_the_ledgers_to_the_cent(business: str):
    with XeroServer([business]) as xero:
        customer = Customer(xero)
        platform = customer.open(customer.linked())
        (profit,) = records(pull(platform, DataType.PROFIT_AND_LOSS)).values()
        (sheet,) = records(pull(platform, DataType.BALANCE_SHEET)).values()
        customer.http.close()
    books = ledger(business, xero.clock.now().date())
    sums = books.totals.at(books.journal_entries.position(xero.first().copied_at))

    assert len(profit.reports) == len(sheet.reports) == 24
    for period in profit.reports:
        month = moments.month_of(period.from_date.toordinal())
        earned = -_moved(books, sums, month, month, {"income"})
        spent = _moved(books, sums, month, month, {"expense"})
        assert period.net_profit == earned - spent
        assert period.income.value + period.other_income.value == earned
    for period in sheet.reports:
        month = moments.month_of(period.date.toordinal())
        assert period.assets.value == _moved(books, sums, 0, month, {"asset"})
        assert period.liabilities.value == -_moved(books, sums, 0, month, {"liability"})
        assert period.equity.value == period.net_assets
        assert validate(sheet) == []


def _moved(books: Any, sums: Sums, first: int, last: int, kinds: set[str]) -> Decimal:
    accounts = {a.id for a in books.chart.values() if a.classification in kinds}
    cents = sum(
        amount
        for (account, month), amount in sums.ledger.items()
        if account in accounts and first <= month <= last
    )
    return Decimal(cents).scaleb(-2)


def test_void_leaves_the_reports_too(xero: XeroServer, customer: Customer):
    platform = customer.open(customer.linked())
    before = records(pull(platform, DataType.PROFIT_AND_LOSS))["profitAndLoss"]
    invoice = xero.first().add_invoice("1000.00", tax="200.00")

    with_it = records(pull(platform, DataType.PROFIT_AND_LOSS))["profitAndLoss"]
    xero.first().void_invoice(invoice)
    after = records(pull(platform, DataType.PROFIT_AND_LOSS))["profitAndLoss"]

    assert after == before
    newest, was = with_it.reports[0], before.reports[0]
    assert newest.income.value - was.income.value == 1000


def test_ledger_entries_add_up_to_the_balances(xero: XeroServer):
    customer = Customer(xero, scopes=(*Xero.scopes, "accounting.journals.read"))
    platform = customer.open(customer.linked())

    entries = records(pull(platform, DataType.JOURNAL_ENTRIES)).values()
    customer.http.close()

    ours = Counter[str]()
    for entry in entries:
        for line in entry.journal_lines:
            ours[line.account_ref.id] += line.net_amount
    theirs = Counter[str]()
    for posting in xero.first().postings:
        theirs[posting.account_id] += posting.cents
    assert {key: int(amount * 100) for key, amount in ours.items()} == theirs
    assert xero.requests.count("/api.xro/2.0/Journals") == len(entries) // 100 + 1


def test_rows_that_change_while_a_pull_runs_are_not_skipped(xero: XeroServer, customer: Customer):
    books = xero.first()
    sales = {row.id for row in books.rows("Invoices") if row.body["Type"] == "ACCREC"}
    platform = customer.open(customer.linked(), SmallPages)
    xero.minute.limit = 10**6
    pages = platform.fetch(DataType.INVOICES, since=None, cursor=None)
    taken = [next(pages)]
    first = [record.id for record in taken[0].records]

    # Of a list by pages these would leave gaps for later rows to slip through.
    for row_id in first[:5]:
        books.change("Invoices", row_id, Reference="changed")
    unread = next(row_id for row_id in sorted(sales) if row_id not in first)
    books.delete_invoice(unread)
    added = books.add_invoice("10.00")
    taken += pages

    found = records(taken)
    assert set(found) == sales - {unread} | {added}
    assert [found[row_id].note for row_id in first[:5]] == ["changed"] * 5
    assert deleted(taken) == [unread]


def test_rows_that_changed_all_at_once_are_read(xero: XeroServer, customer: Customer):
    books = xero.first()
    moment = xero.clock.now()
    for row in books.rows("Contacts"):
        books.lists["Contacts"][row.id] = Row(row.id, moment, row.body | _dated(moment))
    platform = customer.open(customer.linked(), SmallPages)
    xero.minute.limit = 10**6

    found = records(pull(platform, DataType.CUSTOMERS))

    assert set(found) == {row.id for row in books.rows("Contacts") if row.body["IsCustomer"]}


def _dated(moment: Any) -> dict[str, str]:
    return {"UpdatedDateUTC": f"/Date({int(moment.timestamp() * 1000)}+0000)/"}


def test_contact_becomes_a_customer_without_being_changed(xero: XeroServer, customer: Customer):
    books = xero.first()
    supplier = find(books, "Contacts", IsCustomer=False, IsSupplier=True)
    platform = customer.open(customer.linked())
    watermark = pull(platform, DataType.CUSTOMERS)[-1].watermark
    xero.clock.advance(minutes=5)

    books.add_invoice("10.00", contact_id=supplier.id)

    assert books.lists["Contacts"][supplier.id].changed_at == supplier.changed_at
    assert supplier.id in records(pull(platform, DataType.CUSTOMERS, since=watermark))
    assert supplier.id in records(pull(platform, DataType.SUPPLIERS, since=watermark))


def test_item_that_vanished_is_missing_from_the_whole(xero: XeroServer, customer: Customer):
    platform = customer.open(customer.linked())
    item = xero.first().rows("Items")[0]

    xero.first().drop("Items", item.id)

    assert item.id not in records(pull(platform, DataType.ITEMS))
    assert DataType.ITEMS not in Xero.incremental


def test_books_can_be_changed_from_outside(xero: XeroServer):
    tenant = xero.first().tenant
    with httpx.Client(base_url=xero.url, trust_env=False) as person:
        answer = person.post("/control/add_invoice", data={"tenant": tenant, "net": "12.00"})
        invoice = answer.json()["done"]
        person.post("/control/void_invoice", data={"tenant": tenant, "id": invoice})
        wrong = person.post("/control/void_invoice", data={"tenant": tenant, "id": "x"})

    assert xero.first().get("Invoices", invoice)["Status"] == "VOIDED"
    assert wrong.status_code == 400
