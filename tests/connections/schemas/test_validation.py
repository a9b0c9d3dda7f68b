"""Each rule finds its own fault, and says so in words."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from connections.schemas import RECORD_TYPES, DataType, decode
from connections.schemas.base import CustomerRef
from connections.schemas.validation import ValidationResult, validate

RECORDS = Path(__file__).parents[1] / "platforms" / "sandbox" / "records"


def ordinary(data_type: DataType) -> Any:
    return decode(RECORD_TYPES[data_type], (RECORDS / f"{data_type}.json").read_text())


def first_line(field: str, **changes: Any) -> Callable[[Any], dict[str, Any]]:
    def change(record: Any) -> dict[str, Any]:
        first, *rest = getattr(record, field)
        return {field: (replace(first, **changes), *rest)}

    return change


def first_period(**changes: Any) -> Callable[[Any], dict[str, Any]]:
    return first_line("reports", **changes)


def test_finding_reads_like_a_sentence():
    bill = replace(ordinary(DataType.BILLS), total_amount=Decimal("159.70"))

    found = validate(bill)

    assert (
        ValidationResult(
            level="warning",
            rule_id="accounting-bill-030",
            item_id="bil_000001",
            message="A bill's lines summed (159.60) should be the same as TotalAmount (159.70).",
            validator_name="BillValidator",
        )
        in found
    )
    assert json.loads(msgspec.json.encode(found[0])).keys() == {
        "level",
        "ruleId",
        "itemId",
        "message",
        "validatorName",
    }


@pytest.mark.parametrize(
    ("data_type", "change", "rules"),
    [
        (DataType.COMPANY, {"company_name": None}, {"warning company-001"}),
        (DataType.COMPANY, {"base_currency": None}, {"warning company-020"}),
        (DataType.CHART_OF_ACCOUNTS, {"name": ""}, {"warning account-001"}),
        (DataType.CHART_OF_ACCOUNTS, {"status": "Unknown"}, {"warning account-050"}),
        (DataType.CHART_OF_ACCOUNTS, {"type": "Unknown"}, {"warning account-051"}),
        (DataType.CUSTOMERS, {"customer_name": None}, {"warning customer-001"}),
        (DataType.SUPPLIERS, {"supplier_name": None}, {"warning supplier-001"}),
        (DataType.ITEMS, {"name": None, "code": None}, {"warning item-001"}),
        (DataType.ITEMS, {"is_invoice_item": False}, {"warning item-060"}),
        (DataType.TAX_RATES, {"total_tax_rate": Decimal(21)}, {"warning taxrate-030"}),
        (DataType.INVOICES, {"currency": None}, {"warning invoice-020"}),
        (DataType.INVOICES, {"currency_rate": Decimal(0)}, {"warning invoice-021"}),
        (DataType.INVOICES, {"customer_ref": None}, {"warning invoice-022"}),
        (DataType.INVOICES, {"due_date": date(2025, 2, 1)}, {"warning invoice-010"}),
        (DataType.INVOICES, {"status": "Unknown"}, {"warning invoice-050"}),
        (DataType.INVOICES, {"amount_due": Decimal(1)}, {"warning invoice-041"}),
        (
            DataType.INVOICES,
            {"amount_due": Decimal(-1), "status": "Submitted"},
            {"warning invoice-040"},
        ),
        (DataType.INVOICES, {"line_items": ()}, {"warning invoice-034"}),
        (
            DataType.INVOICES,
            {"sub_total": Decimal(100)},
            {"warning invoice-031", "warning invoice-033"},
        ),
        (
            DataType.INVOICES,
            first_line("line_items", tax_amount=Decimal(9)),
            {"warning invoice-032"},
        ),
        (DataType.BILLS, {"supplier_ref": None}, {"warning bill-022"}),
        (DataType.BILLS, {"amount_due": Decimal(200)}, {"warning bill-040"}),
        (DataType.CREDIT_NOTES, {"remaining_credit": Decimal(-5)}, {"warning creditnote-042"}),
        (DataType.CREDIT_NOTES, {"issue_date": None}, {"warning creditnote-011"}),
        (DataType.BILL_CREDIT_NOTES, {"currency": ""}, {"warning billcreditnote-020"}),
        (
            DataType.BILL_CREDIT_NOTES,
            {"remaining_credit": Decimal(999)},
            {"warning billcreditnote-042"},
        ),
        (DataType.PAYMENTS, {"total_amount": Decimal(1)}, {"warning payment-030"}),
        (DataType.PAYMENTS, {"total_amount": None}, {"warning payment-035"}),
        (DataType.PAYMENTS, {"customer_ref": None}, {"warning payment-022"}),
        (DataType.BILL_PAYMENTS, {"currency": None}, {"warning billpayment-020"}),
        (
            DataType.JOURNAL_ENTRIES,
            first_line("journal_lines", net_amount=Decimal(1)),
            {"warning journalentry-030"},
        ),
        (
            DataType.JOURNAL_ENTRIES,
            first_line("journal_lines", account_ref=None),
            {"warning journalentry-023"},
        ),
        (DataType.JOURNAL_ENTRIES, {"journal_lines": None}, {"warning journalentry-034"}),
        (DataType.JOURNAL_ENTRIES, {"posted_on": None}, {"warning journalentry-011"}),
        (DataType.BANK_ACCOUNTS, {"account_name": None}, {"warning bankaccount-001"}),
        (DataType.BANK_ACCOUNTS, {"currency": None}, {"warning bankaccount-020"}),
        (DataType.BANK_TRANSACTIONS, {"account_id": None}, {"warning banktransaction-023"}),
        (DataType.BANK_TRANSACTIONS, {"amount": None}, {"warning banktransaction-035"}),
        (
            DataType.BALANCE_SHEET,
            first_period(net_assets=Decimal(1)),
            {"error balancesheet-071", "warning balancesheet-072"},
        ),
        (
            DataType.PROFIT_AND_LOSS,
            first_period(gross_profit=Decimal(1)),
            {"error profitandloss-073"},
        ),
        (
            DataType.PROFIT_AND_LOSS,
            first_period(net_operating_profit=Decimal(1)),
            {"error profitandloss-074"},
        ),
        (
            DataType.PROFIT_AND_LOSS,
            first_period(net_other_income=Decimal(1)),
            {"error profitandloss-075"},
        ),
        (
            DataType.PROFIT_AND_LOSS,
            first_period(net_profit=Decimal(1)),
            {"error profitandloss-076"},
        ),
        (DataType.CASH_FLOW_STATEMENT, {"currency": None}, {"warning cashflowstatement-020"}),
    ],
)
def test_fault_is_found(
    data_type: DataType,
    change: dict[str, Any] | Callable[[Any], dict[str, Any]],
    rules: set[str],
):
    record = ordinary(data_type)
    changes = change(record) if callable(change) else change

    found = validate(replace(record, **changes))

    assert {f"{one.level} {one.rule_id.removeprefix('accounting-')}" for one in found} == rules
    assert {one.item_id for one in found} == {record.id}


def test_line_that_is_not_the_sum_of_its_items_is_an_error():
    report = ordinary(DataType.CASH_FLOW_STATEMENT)
    newest = report.reports[0]
    wrong = replace(newest.cash_receipts, value=newest.cash_receipts.value + 1)

    found = validate(replace(report, reports=(replace(newest, cash_receipts=wrong),)))

    assert [one.message for one in found] == [
        "2025-04-30: Receipts's items summed (950.00) should be the same as Value (951.00)."
    ]
    assert found[0].level == "error"


def test_compound_tax_is_not_simply_added_up():
    rate = ordinary(DataType.TAX_RATES)
    compound = replace(rate.components[0], is_compound=True)

    assert validate(replace(rate, components=(compound,), total_tax_rate=Decimal(21))) == []


def test_credit_of_nothing_and_refunds_are_ordinary():
    invoice = ordinary(DataType.INVOICES)
    line = replace(
        invoice.line_items[0],
        sub_total=Decimal(-10),
        tax_amount=Decimal(0),
        total_amount=Decimal(-10),
    )
    negative = replace(
        invoice,
        line_items=(line,),
        sub_total=Decimal(-10),
        total_tax_amount=Decimal(0),
        total_amount=Decimal(-10),
        amount_due=Decimal(-4),
        status="PartiallyPaid",
        customer_ref=CustomerRef(id="c"),
    )

    assert validate(negative) == []
