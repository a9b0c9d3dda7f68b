"""What the company sells: invoices, credit notes and the payments it receives."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from connections.schemas.base import (
    PRESENT,
    AccountRef,
    CustomerRef,
    Listing,
    Metadata,
    NamedRef,
    PaymentAllocation,
    PaymentLine,
    Record,
    RecordRef,
    Shape,
    SupplementalData,
    TaxRateRef,
    WithholdingTax,
)
from connections.schemas.data_types import DataType

InvoiceStatus = Literal["Unknown", "Draft", "Submitted", "PartiallyPaid", "Paid", "Void"]
CreditNoteStatus = Literal["Unknown", "Draft", "Submitted", "Paid", "Void", "PartiallyPaid"]
SalesBilledTo = Literal["Unknown", "NotApplicable", "Project"]
PaymentLinkType = Literal[
    "Unknown",
    "Unlinked",
    "Invoice",
    "CreditNote",
    "Other",
    "Refund",
    "Payment",
    "PaymentOnAccount",
    "ManualJournal",
    "Discount",
]


class SalesTracking(Shape, frozen=True, kw_only=True):
    category_refs: tuple[NamedRef, ...]
    customer_ref: CustomerRef | None = None
    project_ref: NamedRef | None = None
    is_billed_to: SalesBilledTo
    is_rebilled_to: SalesBilledTo
    record_ref: RecordRef | None = None


class SalesLine(Shape, frozen=True, kw_only=True):
    """One line of an invoice or of a credit note."""

    description: str | None = None
    unit_amount: Decimal
    quantity: Decimal
    discount_amount: Decimal | None = None
    sub_total: Decimal | None = None
    tax_amount: Decimal | None = None
    total_amount: Decimal | None = None
    account_ref: AccountRef | None = None
    discount_percentage: Decimal | None = None
    tax_rate_ref: TaxRateRef | None = None
    item_ref: NamedRef | None = None
    tracking_category_refs: tuple[NamedRef, ...] | None = None
    tracking: SalesTracking | None = None
    is_direct_income: bool = False


class SalesOrderRef(Shape, frozen=True, kw_only=True):
    id: str | None = None
    data_type: Literal["salesOrders"] | None = None


class Invoice(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.INVOICES

    invoice_number: str | None = None
    customer_ref: CustomerRef | None = None
    sales_order_refs: tuple[SalesOrderRef, ...] | None = None
    issue_date: date
    due_date: date | None = None
    paid_on_date: date | None = None
    currency: str | None = None
    currency_rate: Decimal | None = None
    line_items: tuple[SalesLine, ...] | None = None
    payment_allocations: tuple[PaymentAllocation, ...] | None = None
    withholding_tax: tuple[WithholdingTax, ...] | None = None
    total_discount: Decimal | None = None
    sub_total: Decimal | None = None
    additional_tax_amount: Decimal | None = None
    additional_tax_percentage: Decimal | None = None
    total_tax_amount: Decimal
    total_amount: Decimal
    amount_due: Decimal
    discount_percentage: Decimal | None = None
    status: InvoiceStatus
    note: str | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.invoice_number or self.id,
            party=self.customer_ref.company_name if self.customer_ref else None,
            dated_on=self.issue_date,
            amount=self.total_amount,
            currency=self.currency,
            due_on=self.due_date,
            outstanding=self.amount_due,
            status=self.status,
        )


class CreditNote(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.CREDIT_NOTES

    credit_note_number: str | None = None
    customer_ref: CustomerRef | None = None
    withholding_tax: tuple[WithholdingTax, ...] | None = None
    total_amount: Decimal
    total_discount: Decimal
    sub_total: Decimal
    additional_tax_amount: Decimal | None = None
    additional_tax_percentage: Decimal | None = None
    total_tax_amount: Decimal
    discount_percentage: Decimal
    remaining_credit: Decimal
    status: CreditNoteStatus
    issue_date: date | None = None
    allocated_on_date: date | None = None
    currency: str | None = None
    currency_rate: Decimal | None = None
    line_items: tuple[SalesLine, ...] | None = None
    payment_allocations: tuple[PaymentAllocation, ...] | None = None
    note: str | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.credit_note_number or self.id,
            party=self.customer_ref.company_name if self.customer_ref else None,
            dated_on=self.issue_date,
            amount=self.total_amount,
            currency=self.currency,
            outstanding=self.remaining_credit,
            status=self.status,
        )


class Payment(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.PAYMENTS

    customer_ref: CustomerRef | None = None
    account_ref: AccountRef | None = None
    payment_method_ref: NamedRef | None = None
    total_amount: Decimal | None = None
    currency: str | None = None
    currency_rate: Decimal | None = None
    date: date
    note: str | None = None
    lines: tuple[PaymentLine[PaymentLinkType], ...] | None = None
    reference: str | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.reference or self.id,
            party=self.customer_ref.company_name if self.customer_ref else None,
            dated_on=self.date,
            amount=self.total_amount,
            currency=self.currency,
        )
