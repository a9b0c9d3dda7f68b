"""What Tryton says, type by type, and the record it becomes."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connections.schemas import DataType, Payment, encode, listing
from connections.schemas.validation import validate
from tests.connections.platforms.tryton.fake import (
    BESIDES,
    MODELS,
    FakeTryton,
    amount,
    day,
    merged,
    sample,
)

RECORDS = Path(__file__).parent / "records"


def pulled(data_type: DataType, answer: Any) -> Any:
    """Pull one type from a server that has just this row."""
    fake = FakeTryton()
    row = merged(answer, BESIDES[data_type])
    fake.tables[MODELS[data_type]][row["id"]] = row
    for number, flag in enumerate(("receivable", "payable")):
        account = {"type": {flag: 1}}
        fake.add("account.account.party", number, party=row["id"], account=account)
    if data_type is DataType.CHART_OF_ACCOUNTS:
        fake.put(DataType.BANK_ACCOUNTS, 1)
        fake.postings = [(date(2026, 11, 2), row["id"], Decimal("37841.20"))]
    pages = list(fake.open().fetch(data_type, since=None, cursor=None))
    assert len(pages) == 1
    return pages[0]


def record_of(data_type: DataType, **changes: Any) -> Any:
    page = pulled(data_type, {**sample(data_type.value), **changes})
    assert page.rejected == ()
    return page.records[0]


@pytest.mark.parametrize("data_type", sorted(MODELS))
def test_answer_becomes_its_record(data_type: DataType):
    expected = json.loads((RECORDS / f"{data_type}.json").read_text(), parse_float=Decimal)

    record = record_of(data_type)

    assert json.loads(encode(record), parse_float=Decimal) == expected


@pytest.mark.parametrize("data_type", sorted(MODELS))
def test_ordinary_record_is_not_found_odd(data_type: DataType):
    assert validate(record_of(data_type)) == []


def test_company_becomes_its_record():
    fake = FakeTryton()
    for number, state in ((1, "locked"), (2, "closed"), (3, "open")):
        span = {"start_date": day(2025, number, 1), "end_date": day(2025, number, 28)}
        fake.add("account.period", number, type="standard", state=state, **span)
    expected = json.loads((RECORDS / "company.json").read_text())

    (page,) = fake.open().fetch(DataType.COMPANY, since=None, cursor=None)

    assert json.loads(encode(page.records[0])) == expected
    assert validate(page.records[0]) == []


OPTIONAL = {
    "bank_account",
    "code",
    "comment",
    "description",
    "description_used",
    "full_name",
    "invoice_date",
    "journal",
    "move",
    "note",
    "number",
    "party",
    "rate",
    "reconciled",
    "reference",
    "tax_identifier",
    "write_date",
}
REQUIRED = {
    DataType.INVOICES: {"party"},
    DataType.BILLS: {"party"},
    DataType.CREDIT_NOTES: {"party"},
    DataType.BILL_CREDIT_NOTES: {"party"},
    DataType.PAYMENTS: {"move"},
    DataType.BILL_PAYMENTS: {"move"},
}


@pytest.mark.parametrize("data_type", sorted(MODELS))
def test_fields_that_may_be_null_may_be(data_type: DataType):
    names = OPTIONAL.intersection(sample(data_type.value)) - REQUIRED.get(data_type, set())

    record = record_of(data_type, **dict.fromkeys(names))

    assert listing(record).label


@pytest.mark.parametrize(
    ("data_type", "statuses"),
    [
        (
            DataType.INVOICES,
            {
                "draft": "Draft",
                "validated": "Submitted",
                "posted": "PartiallyPaid",
                "paid": "Paid",
                "cancelled": "Void",
                "new": "Unknown",
            },
        ),
        (
            DataType.BILLS,
            {
                "draft": "Draft",
                "validated": "Open",
                "posted": "PartiallyPaid",
                "paid": "Paid",
                "cancelled": "Void",
                "new": "Unknown",
            },
        ),
        (
            DataType.CREDIT_NOTES,
            {"draft": "Draft", "posted": "PartiallyPaid", "cancelled": "Void", "new": "Unknown"},
        ),
        (
            DataType.BILL_CREDIT_NOTES,
            {"draft": "Draft", "posted": "PartiallyPaid", "paid": "Paid", "new": "Unknown"},
        ),
    ],
)
def test_state_becomes_a_status(data_type: DataType, statuses: dict[str, str]):
    sign = "-" if "credit" in data_type.label.lower() else ""

    found = {
        state: record_of(data_type, state=state, amount_to_pay=amount(f"{sign}1.00")).status
        for state in statuses
    }

    assert found == statuses


def test_posted_invoice_is_paid_as_soon_as_nothing_is_left_to_pay():
    record = record_of(DataType.INVOICES, state="posted", amount_to_pay=amount("0"))

    assert (record.status, record.amount_due) == ("Paid", 0)


def test_posted_invoice_with_all_to_pay_is_just_submitted():
    total = sample("invoices")["total_amount"]

    record = record_of(DataType.INVOICES, state="posted", amount_to_pay=total)

    assert record.status == "Submitted"
    assert record.payment_allocations == ()


def test_cancelled_invoice_is_void_with_nothing_due_or_paid():
    record = record_of(DataType.INVOICES, state="cancelled", amount_to_pay=amount("0"))

    assert (record.status, record.amount_due, record.paid_on_date) == ("Void", 0, None)
    assert record.payment_allocations == ()


def test_number_is_null_while_draft():
    record = record_of(DataType.INVOICES, state="draft", number=None, amount_to_pay=amount("0"))

    assert record.invoice_number is None
    # Tryton reckons nothing to pay on a draft; its total is what will be due.
    assert record.amount_due == record.total_amount
    assert listing(record).label == record.id


def test_draft_without_a_date_has_that_of_its_making():
    record = record_of(DataType.INVOICES, state="draft", number=None, invoice_date=None)

    assert record.issue_date == date(2026, 11, 28)


def test_due_date_is_that_of_the_last_instalment():
    line = sample("invoices")["lines_to_pay"][0]
    instalments = [
        {**line, "maturity_date": day(2026, 1, 31)},
        {**line, "maturity_date": day(2026, 3, 31)},
        {**line, "maturity_date": None},
    ]

    record = record_of(DataType.INVOICES, lines_to_pay=instalments)

    assert record.due_date == date(2026, 3, 31)


def test_titles_and_subtotals_are_no_lines():
    lines = sample("invoices")["lines"]
    title = {**lines[0], "id": 901, "type": "title", "amount": None, "account": None}
    subtotal = {**lines[0], "id": 902, "type": "subtotal"}

    record = record_of(DataType.INVOICES, lines=[title, *lines, subtotal])

    assert len(record.line_items) == len(lines)
    assert validate(record) == []


def test_tax_of_a_document_is_shared_by_its_lines_to_the_cent():
    line = sample("invoices")["lines"][0]
    lines = [{**line, "id": 901 + place, "amount": amount("33.33")} for place in range(3)]
    tax = {**sample("invoices")["taxes"][0], "amount": amount("8.00")}

    record = record_of(
        DataType.INVOICES,
        lines=lines,
        taxes=[tax],
        untaxed_amount=amount("99.99"),
        tax_amount=amount("8.00"),
        total_amount=amount("107.99"),
    )

    assert [item.tax_amount for item in record.line_items] == [
        Decimal("2.67"),
        Decimal("2.66"),
        Decimal("2.67"),
    ]
    assert validate(record) == []


def test_tax_entered_by_hand_is_shared_by_all_lines():
    tax = {**sample("invoices")["taxes"][0], "id": 900}

    record = record_of(DataType.INVOICES, taxes=[tax])

    assert all(item.tax_amount for item in record.line_items)
    assert validate(record) == []


def test_untaxed_line_bears_no_tax():
    first, second = sample("invoices")["lines"]
    lines = [first, {**second, "taxes": [], "invoice_taxes": []}]

    record = record_of(DataType.INVOICES, lines=lines)

    assert [item.tax_amount for item in record.line_items] == [Decimal("46.54"), 0]
    assert record.line_items[1].tax_rate_ref is None


def test_untaxed_credit_note_has_no_negative_zero():
    record = record_of(
        DataType.CREDIT_NOTES,
        taxes=[],
        tax_amount=amount("0.00"),
        total_amount=sample("creditNotes")["untaxed_amount"],
    )

    assert not any(item.tax_amount.is_signed() for item in record.line_items)
    assert not record.total_tax_amount.is_signed()


def test_payment_of_several_invoices_counts_no_more_than_an_invoice_took():
    line = sample("invoices")["payment_lines"][0]
    lines = [{**line, "credit": amount("5000.00")}]

    record = record_of(DataType.INVOICES, payment_lines=lines, reconciliation_lines=lines)

    assert [part.allocation.total_amount for part in record.payment_allocations] == [
        Decimal("628.32")
    ]


def test_credit_note_that_settles_an_invoice_is_told_from_a_payment():
    line = sample("invoices")["payment_lines"][0]
    credit = {**line, "id": 77, "move_origin": "account.invoice,296"}

    record = record_of(DataType.INVOICES, payment_lines=[], reconciliation_lines=[credit])

    (part,) = record.payment_allocations
    assert (part.payment.id, part.payment.note) == ("296", "Credit")


def test_foreign_currency_has_the_rate_it_was_booked_at():
    line = sample("invoices")["lines_to_pay"][0]
    booked = {**line, "debit": amount("691.15"), "amount_second_currency": amount("628.32")}

    record = record_of(DataType.INVOICES, currency={"code": "EUR"}, lines_to_pay=[booked])

    assert (record.currency, record.currency_rate) == ("EUR", Decimal("1.099997"))


def test_unposted_foreign_invoice_has_no_rate_yet():
    record = record_of(DataType.INVOICES, currency={"code": "EUR"}, lines_to_pay=[], state="draft")

    assert record.currency_rate is None


def test_payment_changes_the_balance_of_its_invoice():
    record = record_of(DataType.PAYMENTS)

    (line,) = record.lines
    assert line.amount == record.total_amount == Decimal("50.20")
    assert [(link.type, link.amount) for link in line.links] == [("Invoice", Decimal("-50.20"))]


def test_refund_of_a_credit_note_raises_what_is_owed_again():
    credit = {**sample("payments")["invoice_payments"][0], "total_amount": amount("-50.20")}

    record = record_of(
        DataType.PAYMENTS,
        debit=amount("50.20"),
        credit=amount("0"),
        invoice_payments=[credit],
    )

    (line,) = record.lines
    assert line.amount == record.total_amount == Decimal("-50.20")
    assert [(link.type, link.amount) for link in line.links] == [("CreditNote", Decimal("50.20"))]


def test_payment_without_an_invoice_is_on_account():
    fake = FakeTryton()
    origin = "account.statement.line,5"
    fake.put(DataType.PAYMENTS, 5, invoice_payments=[], origin=origin)
    # A manual posting on the same account is no payment.
    fake.put(DataType.PAYMENTS, 6, invoice_payments=[], origin=None)

    (page,) = fake.open().fetch(DataType.PAYMENTS, since=None, cursor=None)

    (record,) = page.records
    assert isinstance(record, Payment)
    assert record.lines is not None
    assert record.lines[0].links is not None
    assert [(link.type, link.id) for link in record.lines[0].links] == [("PaymentOnAccount", None)]


def test_foreign_payment_is_told_in_what_was_paid():
    record = record_of(
        DataType.BILL_PAYMENTS,
        debit=amount("110.00"),
        credit=amount("0"),
        second_currency={"code": "EUR"},
        amount_second_currency=amount("100.00"),
    )

    assert (record.total_amount, record.currency) == (Decimal("100.00"), "EUR")
    assert record.currency_rate == Decimal("1.1")


def test_payment_without_another_side_names_no_account():
    move = {**sample("payments")["move"], "lines": []}

    assert record_of(DataType.PAYMENTS, move=move).account_ref is None


@pytest.mark.parametrize(
    ("receivable", "payable", "data_type", "record_id"),
    [
        pytest.param(1, 0, "payments", "901", id="from-a-customer"),
        pytest.param(0, 1, "billPayments", "901", id="to-a-supplier"),
        pytest.param(0, 0, "bankTransactions", "293", id="neither"),
    ],
)
def test_journal_entry_of_a_bank_statement_leads_to_what_was_booked(
    receivable: int, payable: int, data_type: str, record_id: str
):
    line = merged(
        sample("journalEntries")["lines"][0],
        {
            "id": 901,
            "origin": "account.statement.line,293",
            "account": {"type": {"receivable": receivable, "payable": payable}},
        },
    )

    record = record_of(DataType.JOURNAL_ENTRIES, lines=[line], origin="account.statement,14")

    assert (record.record_ref.data_type, record.record_ref.id) == (data_type, record_id)


def test_journal_entry_of_an_invoice_paid_in_its_dialog_does_not_claim_to_be_it():
    cash = {**sample("journalEntries")["journal"], "type": "cash"}

    assert record_of(DataType.JOURNAL_ENTRIES, journal=cash).record_ref is None


def test_journal_entry_made_by_hand_stands_for_itself():
    assert record_of(DataType.JOURNAL_ENTRIES, origin=None).record_ref is None


def test_journal_line_in_another_currency_tells_both_amounts():
    line = sample("journalEntries")["lines"][0]
    foreign = {
        **line,
        "debit": amount("110.00"),
        "credit": amount("0"),
        "second_currency": {"code": "EUR"},
        "amount_second_currency": amount("100.00"),
    }

    (found,) = record_of(DataType.JOURNAL_ENTRIES, lines=[foreign]).journal_lines

    assert (found.net_amount, found.currency) == (110, "USD")
    assert (found.transaction_amount, found.transaction_currency) == (100, "EUR")


def test_group_of_taxes_has_the_sum_of_its_rates():
    part = {**sample("taxRates"), "type": "percentage"}
    parts = [{**part, "id": 7, "rate": amount("0.05")}, {**part, "id": 8, "rate": amount("0.09")}]

    record = record_of(DataType.TAX_RATES, type="none", rate=None, childs=parts)

    assert record.total_tax_rate == 14
    assert [component.rate for component in record.components] == [5, 9]
    assert validate(record) == []


def test_fixed_tax_has_no_rate():
    record = record_of(DataType.TAX_RATES, type="fixed", rate=None)

    assert (record.effective_tax_rate, record.components) == (None, ())


@pytest.mark.parametrize("active", [0, False])
@pytest.mark.parametrize(
    "data_type",
    [
        DataType.BANK_ACCOUNTS,
        DataType.CHART_OF_ACCOUNTS,
        DataType.CUSTOMERS,
        DataType.SUPPLIERS,
        DataType.TAX_RATES,
    ],
)
def test_booleans_are_zero_and_one_or_false_and_true(data_type: DataType, active: int):
    assert record_of(data_type, active=active).status == "Archived"
    assert record_of(data_type, active=not active).status == "Active"


def test_balance_of_a_bank_account_in_another_currency_is_not_told():
    record = record_of(DataType.BANK_ACCOUNTS, currency={"code": "EUR"})

    assert (record.currency, record.balance) == ("EUR", None)


def test_draft_statement_is_not_reconciled():
    assert not record_of(DataType.BANK_TRANSACTIONS, move=None).reconciled


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"untaxed_amount": amount("NaN")}, "not an amount", id="nan"),
        pytest.param({"invoice_date": day(2026, 2, 30)}, "date", id="no-such-day"),
        pytest.param({"comment": "a\x00b"}, "NUL", id="nul"),
        pytest.param({"currency": None}, "currency", id="missing"),
        pytest.param(
            {"create_date": None, "invoice_date": None}, "create_date", id="without-a-date"
        ),
    ],
)
def test_what_no_store_wants_is_kept_aside(changes: dict[str, Any], reason: str):
    fake = FakeTryton()
    fake.put(DataType.INVOICES, 5)
    fake.put(DataType.INVOICES, 6)
    fake.tables["account.invoice"][6].update(changes)

    (page,) = fake.open().fetch(DataType.INVOICES, since=None, cursor=None)

    assert [record.id for record in page.records] == ["5"]
    assert [each.source_id for each in page.rejected] == ["6"]
    assert reason in page.rejected[0].reason
