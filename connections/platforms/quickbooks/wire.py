"""QuickBooks' JSON, as far as we read it.

Every member but the ids may be missing: QuickBooks leaves out what is empty. Enumerations and dates
stay text here; ``moments`` reads the dates.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account
"""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

type Id = Annotated[str, Meta(min_length=1, max_length=255)]
#: What is remembered between pulls is written as ranges; only codes of taxes have words for ids.
type Number = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,17}\Z")]


class Wire(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="pascal"):
    """A piece of an answer."""


class Ref(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A mention of something else."""

    value: str
    name: str | None = None
    type: str | None = None


class MetaData(Wire, frozen=True, kw_only=True):
    create_time: str | None = None
    last_updated_time: str


class Row(Wire, frozen=True, kw_only=True):
    """What lists hold."""

    id: Id
    meta_data: MetaData


class Listed(Wire, frozen=True, kw_only=True):
    """Something of which only the id matters."""

    id: Id


class Named(Row, frozen=True, kw_only=True):
    """What is never deleted, but made inactive."""

    active: bool = True


class Email(Wire, frozen=True, kw_only=True):
    address: str | None = None


class Phone(Wire, frozen=True, kw_only=True):
    free_form_number: str | None = None


class WebSite(Wire, frozen=True, kw_only=True):
    uri: str | None = msgspec.field(name="URI", default=None)


class Address(Wire, frozen=True, kw_only=True):
    line1: str | None = None
    line2: str | None = None
    line3: str | None = None
    line4: str | None = None
    line5: str | None = None
    city: str | None = None
    country: str | None = None
    country_sub_division_code: str | None = None
    postal_code: str | None = None


class CompanyInfo(Wire, frozen=True, kw_only=True):
    company_name: str
    legal_name: str | None = None
    company_addr: Address | None = None
    legal_addr: Address | None = None
    primary_phone: Phone | None = None
    web_addr: WebSite | None = None
    employer_id: str | None = None
    fiscal_year_start_month: str | None = None
    company_start_date: str | None = None


class CompanyAnswer(Wire, frozen=True, kw_only=True):
    company_info: CompanyInfo


class CurrencyPrefs(Wire, frozen=True, kw_only=True):
    home_currency: Ref


class AccountingInfoPrefs(Wire, frozen=True, kw_only=True):
    book_close_date: str | None = None


class Preferences(Wire, frozen=True, kw_only=True):
    currency_prefs: CurrencyPrefs
    accounting_info_prefs: AccountingInfoPrefs = AccountingInfoPrefs()


class PreferencesAnswer(Wire, frozen=True, kw_only=True):
    preferences: Preferences


class Account(Named, frozen=True, kw_only=True):
    id: Number
    name: str
    fully_qualified_name: str | None = None
    description: str | None = None
    acct_num: str | None = None
    classification: str = ""
    account_type: str = ""
    account_sub_type: str | None = None
    current_balance: Decimal | None = None
    currency_ref: Ref | None = None
    fi_name: str | None = msgspec.field(name="FIName", default=None)


class Contact(Named, frozen=True, kw_only=True):
    """A customer or a vendor."""

    id: Number
    display_name: str
    given_name: str | None = None
    family_name: str | None = None
    primary_email_addr: Email | None = None
    primary_phone: Phone | None = None
    mobile: Phone | None = None
    bill_addr: Address | None = None
    ship_addr: Address | None = None
    currency_ref: Ref | None = None


class Item(Named, frozen=True, kw_only=True):
    id: Number
    name: str
    sku: str | None = None
    type: str = ""
    description: str | None = None
    unit_price: Decimal | None = None
    income_account_ref: Ref | None = None
    sales_tax_code_ref: Ref | None = None
    purchase_desc: str | None = None
    purchase_cost: Decimal | None = None
    expense_account_ref: Ref | None = None
    purchase_tax_code_ref: Ref | None = None


class TaxRate(Wire, frozen=True, kw_only=True):
    id: Id
    name: str | None = None
    rate_value: Decimal | None = None


class TaxRateDetail(Wire, frozen=True, kw_only=True):
    tax_rate_ref: Ref
    tax_on_tax_order: int = 0


class TaxRateList(Wire, frozen=True, kw_only=True):
    tax_rate_detail: tuple[TaxRateDetail, ...] = ()


class TaxCode(Wire, frozen=True, kw_only=True):
    """What lines refer to; it stands for one rate or several, and may have a word for an id."""

    id: Id
    active: bool = True
    name: str
    description: str | None = None
    taxable: bool = True
    sales_tax_rate_list: TaxRateList = TaxRateList()
    purchase_tax_rate_list: TaxRateList = TaxRateList()


class LinkedTxn(Wire, frozen=True, kw_only=True):
    txn_id: Id
    txn_type: str = ""


class ItemDetail(Wire, frozen=True, kw_only=True):
    item_ref: Ref | None = None
    item_account_ref: Ref | None = None
    qty: Decimal | None = None
    unit_price: Decimal | None = None
    tax_code_ref: Ref | None = None


class AccountDetail(Wire, frozen=True, kw_only=True):
    account_ref: Ref | None = None
    tax_code_ref: Ref | None = None


class Entity(Wire, frozen=True, kw_only=True):
    type: str = ""
    entity_ref: Ref | None = None


class JournalDetail(Wire, frozen=True, kw_only=True):
    posting_type: str
    account_ref: Ref | None = None
    entity: Entity | None = None


class GroupDetail(Wire, frozen=True, kw_only=True):
    line: tuple["Line", ...] = ()


class Line(Wire, frozen=True, kw_only=True):
    detail_type: str = ""
    description: str | None = None
    # A line of text alone has no amount.
    amount: Decimal = Decimal()
    linked_txn: tuple[LinkedTxn, ...] = ()
    sales_item_line_detail: ItemDetail | None = None
    item_based_expense_line_detail: ItemDetail | None = None
    account_based_expense_line_detail: AccountDetail | None = None
    discount_line_detail: AccountDetail | None = None
    journal_entry_line_detail: JournalDetail | None = None
    group_line_detail: GroupDetail | None = None


class TaxDetail(Wire, frozen=True, kw_only=True):
    total_tax: Decimal = Decimal()


class Transaction(Row, frozen=True, kw_only=True):
    id: Number
    doc_number: str | None = None
    txn_date: str
    currency_ref: Ref | None = None
    exchange_rate: Decimal | None = None
    private_note: str | None = None
    line: tuple[Line, ...] = ()
    linked_txn: tuple[LinkedTxn, ...] = ()
    txn_tax_detail: TaxDetail = TaxDetail()


class Document(Transaction, frozen=True, kw_only=True):
    due_date: str | None = None
    total_amt: Decimal
    balance: Decimal | None = None


class Sale(Document, frozen=True, kw_only=True):
    """An invoice or a credit memo."""

    customer_ref: Ref | None = None
    remaining_credit: Decimal | None = None


class PurchaseDocument(Document, frozen=True, kw_only=True):
    """A bill or a vendor credit."""

    vendor_ref: Ref | None = None


class Payment(Transaction, frozen=True, kw_only=True):
    total_amt: Decimal
    unapplied_amt: Decimal = Decimal()
    customer_ref: Ref | None = None
    deposit_to_account_ref: Ref | None = None
    payment_method_ref: Ref | None = None
    payment_ref_num: str | None = None


class CheckPayment(Wire, frozen=True, kw_only=True):
    bank_account_ref: Ref | None = None


class CardPayment(Wire, frozen=True, kw_only=True):
    cc_account_ref: Ref | None = msgspec.field(name="CCAccountRef", default=None)


class BillPayment(Transaction, frozen=True, kw_only=True):
    total_amt: Decimal
    vendor_ref: Ref | None = None
    pay_type: str = ""
    check_payment: CheckPayment = CheckPayment()
    credit_card_payment: CardPayment = CardPayment()


class JournalEntry(Transaction, frozen=True, kw_only=True):
    """Lines with an account and a side each."""


class Movement(Transaction, frozen=True, kw_only=True):
    """What may move money of a bank account: the members differ by the kind."""

    total_amt: Decimal = Decimal()
    amount: Decimal = Decimal()
    credit: bool = False
    payment_type: str = ""
    pay_type: str = ""
    account_ref: Ref | None = None
    deposit_to_account_ref: Ref | None = None
    from_account_ref: Ref | None = None
    to_account_ref: Ref | None = None
    check_payment: CheckPayment = CheckPayment()
    credit_card_payment: CardPayment = CardPayment()
    customer_ref: Ref | None = None
    vendor_ref: Ref | None = None
    entity_ref: Ref | None = None


class ColumnData(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    value: str = ""
    id: str | None = None


class NameValue(Wire, frozen=True, kw_only=True):
    name: str = ""
    value: str = ""


class Column(Wire, frozen=True, kw_only=True):
    col_title: str = ""
    col_type: str = ""
    meta_data: tuple[NameValue, ...] = ()


class Columns(Wire, frozen=True, kw_only=True):
    column: tuple[Column, ...] = ()


class Cells(Wire, frozen=True, kw_only=True):
    col_data: tuple[ColumnData, ...] = ()


class ReportRows(Wire, frozen=True, kw_only=True):
    row: tuple["ReportRow", ...] = ()


class ReportRow(Wire, frozen=True, kw_only=True):
    """A section with its head, rows and sum, or a row of figures."""

    group: str = msgspec.field(name="group", default="")
    col_data: tuple[ColumnData, ...] = ()
    header: Cells = Cells()
    rows: ReportRows = ReportRows()
    summary: Cells = Cells()


class ReportHead(Wire, frozen=True, kw_only=True):
    report_basis: str = ""
    currency: str | None = None


class Report(Wire, frozen=True, kw_only=True):
    header: ReportHead
    columns: Columns = Columns()
    rows: ReportRows = ReportRows()
