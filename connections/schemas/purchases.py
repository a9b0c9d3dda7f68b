"""What the company buys: bills, credits from suppliers and the payments it makes."""

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
    SupplierRef,
    TaxRateRef,
    WithholdingTax,
)
from connections.schemas.data_types import DataType

BillStatus = Literal["Unknown", "Open", "PartiallyPaid", "Paid", "Void", "Draft"]
BillCreditNoteStatus = Literal["Unknown", "Draft", "Submitted", "Paid", "Void", "PartiallyPaid"]
PurchaseBilledTo = Literal["Unknown", "NotApplicable", "Customer", "Project"]
BillPaymentLinkType = Literal[
    "Unknown",
    "Unlinked",
    "Bill",
    "Other",
    "CreditNote",
    "BillPayment",
    "PaymentOnAccount",
    "Refund",
    "ManualJournal",
    "Discount",
]


class PurchaseTracking(Shape, frozen=True, kw_only=True):
    category_refs: tuple[NamedRef, ...]
    customer_ref: CustomerRef | None = None
    project_ref: NamedRef | None = None
    is_billed_to: PurchaseBilledTo
    is_rebilled_to: PurchaseBilledTo


class PurchaseLineRef(Shape, frozen=True, kw_only=True):
    id: str | None = None
    data_type: Literal["purchaseOrders", "bills"] | None = None
    line_number: str | None = None


class BillLine(Shape, frozen=True, kw_only=True):
    line_number: str | None = None
    description: str | None = None
    unit_amount: Decimal | None = None
    quantity: Decimal | None = None
    unit_of_measurement: str | None = None
    discount_amount: Decimal | None = None
    sub_total: Decimal | None = None
    tax_amount: Decimal | None = None
    total_amount: Decimal | None = None
    discount_percentage: Decimal | None = None
    account_ref: AccountRef | None = None
    tax_rate_ref: TaxRateRef | None = None
    item_ref: NamedRef | None = None
    purchase_order_line_ref: PurchaseLineRef | None = None
    tracking_category_refs: tuple[NamedRef, ...] | None = None
    tracking: PurchaseTracking | None = None
    is_direct_cost: bool = False


class BillCreditNoteLine(Shape, frozen=True, kw_only=True):
    description: str | None = None
    unit_amount: Decimal
    quantity: Decimal
    unit_of_measurement: str | None = None
    discount_amount: Decimal | None = None
    sub_total: Decimal | None = None
    tax_amount: Decimal | None = None
    total_amount: Decimal | None = None
    discount_percentage: Decimal | None = None
    account_ref: AccountRef | None = None
    tax_rate_ref: TaxRateRef | None = None
    item_ref: NamedRef | None = None
    created_from_line_ref: PurchaseLineRef | None = None
    tracking_category_refs: tuple[NamedRef, ...] | None = None
    tracking: PurchaseTracking | None = None


class PurchaseOrderRef(Shape, frozen=True, kw_only=True):
    id: str | None = None
    purchase_order_number: str | None = None


class Bill(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.BILLS

    reference: str | None = None
    supplier_ref: SupplierRef | None = None
    purchase_order_refs: tuple[PurchaseOrderRef, ...] | None = None
    issue_date: date
    due_date: date | None = None
    currency: str | None = None
    currency_rate: Decimal | None = None
    line_items: tuple[BillLine, ...] | None = None
    withholding_tax: tuple[WithholdingTax, ...] | None = None
    status: BillStatus
    sub_total: Decimal
    tax_amount: Decimal
    total_amount: Decimal
    amount_due: Decimal | None = None
    note: str | None = None
    payment_allocations: tuple[PaymentAllocation, ...] | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.reference or self.id,
            party=self.supplier_ref.supplier_name if self.supplier_ref else None,
            dated_on=self.issue_date,
            amount=self.total_amount,
            currency=self.currency,
            due_on=self.due_date,
            outstanding=self.amount_due,
            status=self.status,
        )


class BillCreditNote(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.BILL_CREDIT_NOTES

    bill_credit_note_number: str | None = None
    supplier_ref: SupplierRef | None = None
    withholding_tax: tuple[WithholdingTax, ...] | None = None
    total_amount: Decimal
    total_discount: Decimal
    sub_total: Decimal
    total_tax_amount: Decimal
    discount_percentage: Decimal
    remaining_credit: Decimal | None = None
    status: BillCreditNoteStatus
    issue_date: date | None = None
    allocated_on_date: date | None = None
    currency: str | None = None
    currency_rate: Decimal | None = None
    line_items: tuple[BillCreditNoteLine, ...] | None = None
    payment_allocations: tuple[PaymentAllocation, ...] | None = None
    created_from_refs: tuple[RecordRef, ...] | None = None
    note: str | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.bill_credit_note_number or self.id,
            party=self.supplier_ref.supplier_name if self.supplier_ref else None,
            dated_on=self.issue_date,
            amount=self.total_amount,
            currency=self.currency,
            outstanding=self.remaining_credit,
            status=self.status,
        )


class BillPayment(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.BILL_PAYMENTS

    supplier_ref: SupplierRef | None = None
    account_ref: AccountRef | None = None
    total_amount: Decimal | None = None
    currency: str | None = None
    currency_rate: Decimal | None = None
    date: date
    note: str | None = None
    payment_method_ref: NamedRef | None = None
    lines: tuple[PaymentLine[BillPaymentLinkType], ...] | None = None
    reference: str | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.reference or self.id,
            party=self.supplier_ref.supplier_name if self.supplier_ref else None,
            dated_on=self.date,
            amount=self.total_amount,
            currency=self.currency,
        )
