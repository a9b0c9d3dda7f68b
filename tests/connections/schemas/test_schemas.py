"""Records have the public API's names and one canonical form."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connections.schemas import (
    RECORD_TYPES,
    BankAccount,
    BankTransaction,
    DataType,
    Invoice,
    JournalEntry,
    Record,
    decode,
    encode,
    listing,
    single_id,
)
from connections.schemas.base import CustomerRef
from connections.schemas.ledger import JournalLine

# The fields of the public API's schemas, beside id, sourceModifiedDate and the store's own.
FIELDS = {
    DataType.COMPANY: (
        "companyName accountingPlatformRef companyLegalName addresses phoneNumbers webLinks "
        "ledgerLockDate registrationNumber taxNumber financialYearStartDate baseCurrency "
        "sourceUrls createdDate supplementalData"
    ),
    DataType.CHART_OF_ACCOUNTS: (
        "nominalCode name description fullyQualifiedCategory fullyQualifiedName currency "
        "currentBalance type status isBankAccount validDatatypeLinks supplementalData "
        "metadata"
    ),
    DataType.TAX_RATES: (
        "code components effectiveTaxRate metadata name status supplementalData totalTaxRate "
        "validDatatypeLinks"
    ),
    DataType.CUSTOMERS: (
        "customerName contactName emailAddress defaultCurrency phone addresses contacts "
        "registrationNumber taxNumber status metadata supplementalData"
    ),
    DataType.SUPPLIERS: (
        "supplierName contactName emailAddress phone addresses registrationNumber taxNumber "
        "status defaultCurrency metadata supplementalData"
    ),
    DataType.ITEMS: (
        "isBillItem isInvoiceItem itemStatus type billItem code invoiceItem metadata name "
        "supplementalData"
    ),
    DataType.INVOICES: (
        "invoiceNumber customerRef salesOrderRefs issueDate dueDate paidOnDate currency "
        "currencyRate lineItems paymentAllocations withholdingTax totalDiscount subTotal "
        "additionalTaxAmount additionalTaxPercentage totalTaxAmount totalAmount amountDue "
        "discountPercentage status note metadata supplementalData"
    ),
    DataType.BILLS: (
        "reference supplierRef purchaseOrderRefs issueDate dueDate currency currencyRate "
        "lineItems withholdingTax status subTotal taxAmount totalAmount amountDue note "
        "paymentAllocations metadata supplementalData"
    ),
    DataType.CREDIT_NOTES: (
        "creditNoteNumber customerRef withholdingTax totalAmount totalDiscount subTotal "
        "additionalTaxAmount additionalTaxPercentage totalTaxAmount discountPercentage "
        "remainingCredit status issueDate allocatedOnDate currency currencyRate lineItems "
        "paymentAllocations note metadata supplementalData"
    ),
    DataType.BILL_CREDIT_NOTES: (
        "billCreditNoteNumber supplierRef withholdingTax totalAmount totalDiscount subTotal "
        "totalTaxAmount discountPercentage remainingCredit status issueDate allocatedOnDate "
        "currency currencyRate lineItems paymentAllocations createdFromRefs note "
        "supplementalData metadata"
    ),
    DataType.PAYMENTS: (
        "customerRef accountRef paymentMethodRef totalAmount currency currencyRate date note "
        "lines reference metadata supplementalData"
    ),
    DataType.BILL_PAYMENTS: (
        "supplierRef accountRef totalAmount currency currencyRate date note paymentMethodRef "
        "lines reference metadata supplementalData"
    ),
    DataType.JOURNAL_ENTRIES: (
        "description postedOn createdOn updatedOn journalRef journalLines recordRef metadata "
        "supplementalData"
    ),
    DataType.BANK_ACCOUNTS: (
        "accountName accountType nominalCode sortCode accountNumber iBan currency balance "
        "institution availableBalance overdraftLimit status metadata supplementalData"
    ),
    DataType.BANK_TRANSACTIONS: (
        "accountId clearedOnDate description reconciled amount balance transactionType"
    ),
    DataType.BALANCE_SHEET: "currency reports mostRecentAvailableMonth earliestAvailableMonth",
    DataType.PROFIT_AND_LOSS: (
        "reports reportBasis currency mostRecentAvailableMonth earliestAvailableMonth"
    ),
    DataType.CASH_FLOW_STATEMENT: (
        "reports reportBasis reportInput currency mostRecentAvailableMonth earliestAvailableMonth"
    ),
}


@pytest.mark.parametrize("data_type", DataType)
def test_record_has_the_api_fields(data_type: DataType):
    names = {field.encode_name for field in msgspec.structs.fields(RECORD_TYPES[data_type])}

    assert names == {"id", "sourceModifiedDate", *FIELDS[data_type].split()}


@pytest.mark.parametrize("data_type", DataType)
def test_record_type_knows_its_data_type(data_type: DataType):
    assert RECORD_TYPES[data_type].data_type is data_type
    assert issubclass(RECORD_TYPES[data_type], Record)


def test_singles_have_fixed_ids():
    singles = [data_type for data_type in DataType if data_type.is_single]

    assert [single_id(data_type) for data_type in singles] == [
        "company",
        "balanceSheet",
        "profitAndLoss",
        "cashFlowStatement",
    ]
    with pytest.raises(KeyError):
        single_id(DataType.INVOICES)


def test_types_are_pulled_in_order_of_reference():
    in_order = sorted(DataType, key=lambda data_type: data_type.sync_order)

    assert in_order[:6] == [
        "company",
        "chartOfAccounts",
        "taxRates",
        "customers",
        "suppliers",
        "items",
    ]
    assert all(data_type.is_report for data_type in in_order[-3:])
    assert sum(data_type.is_report for data_type in DataType) == 3


def test_labels_are_for_people():
    assert DataType.CHART_OF_ACCOUNTS.label == "Chart of accounts"
    assert len({data_type.label for data_type in DataType}) == len(DataType)


def transaction(**values: object) -> BankTransaction:
    return msgspec.structs.replace(BankTransaction(id="t"), **values)


def test_body_writes_every_key_in_order():
    record = transaction(
        source_modified_date=datetime(2025, 6, 1, 12, 0, 0, 5, tzinfo=UTC),
        cleared_on_date=date(2025, 6, 1),
        amount=Decimal("-0.10"),
    )

    assert encode(record) == (
        b'{"id":"t","sourceModifiedDate":"2025-06-01T12:00:00.000005Z","accountId":null,'
        b'"clearedOnDate":"2025-06-01","description":null,"reconciled":false,"amount":-0.10,'
        b'"balance":null,"transactionType":"Unknown"}'
    )


def test_body_with_the_stores_own_keys_is_read():
    body = {**json.loads(encode(transaction(description="x"))), "modifiedDate": "2025-06-01"}

    assert decode(BankTransaction, json.dumps(body)) == transaction(description="x")


@settings(deadline=None)
@given(
    amount=st.decimals(allow_nan=False, allow_infinity=False, places=4),
    description=st.text(),
    cleared_on=st.dates(),
)
def test_record_survives_its_encoding(amount: Decimal, description: str, cleared_on: date):
    record = transaction(amount=amount, description=description, cleared_on_date=cleared_on)

    again = decode(BankTransaction, encode(record))

    assert again == record
    assert encode(again) == encode(record)


def test_records_do_not_change():
    with pytest.raises(AttributeError):
        transaction().amount = Decimal(1)  # type: ignore[misc] # that is the point


def test_invoice_is_listed_by_number_and_customer():
    invoice = Invoice(
        id="1",
        invoice_number="INV-1",
        customer_ref=CustomerRef(id="c", company_name="Ada"),
        issue_date=date(2025, 6, 1),
        currency="GBP",
        total_tax_amount=Decimal(0),
        total_amount=Decimal(12),
        amount_due=Decimal(12),
        status="Submitted",
    )

    shown = listing(invoice)

    assert (shown.label, shown.party, shown.dated_on) == ("INV-1", "Ada", date(2025, 6, 1))
    assert (shown.amount, shown.currency, shown.status) == (Decimal(12), "GBP", "Submitted")


def test_journal_entry_is_listed_by_what_it_moves():
    entry = JournalEntry(
        id="1",
        journal_lines=tuple(
            JournalLine(net_amount=Decimal(amount), currency="GBP") for amount in (70, 30, -100)
        ),
    )

    assert listing(entry).amount == Decimal(100)
    assert listing(JournalEntry(id="1")).amount == Decimal(0)


def test_nameless_record_is_listed_by_its_id():
    assert listing(BankAccount(id="b-1")).label == "b-1"
