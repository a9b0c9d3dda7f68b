"""What every canonical record is made of.

Field names become the public API's JSON names (``due_date`` → ``dueDate``). Money and rates are
Decimals and never pass through a float.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

import msgspec

from connections.schemas.data_types import DataType


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A piece of a record."""


class Listing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What lists show and filter by, the same columns for every type."""

    label: str
    party: str | None = None
    dated_on: date | None = None
    amount: Decimal | None = None
    currency: str | None = None
    due_on: date | None = None
    #: What is still to be paid of it, or to be used of a credit.
    outstanding: Decimal | None = None
    status: str | None = None


class Record(Shape, frozen=True, kw_only=True):
    """One thing in a company's books, in our words whatever platform it came from.

    ``modifiedDate`` is the store's to add: only it knows when our copy changed.
    """

    data_type: ClassVar[DataType]

    id: str
    source_modified_date: datetime | None = None

    def listing(self) -> Listing:
        raise NotImplementedError


class Metadata(Shape, frozen=True, kw_only=True):
    is_deleted: bool = False


class SupplementalData(Shape, frozen=True, kw_only=True):
    content: Mapping[str, Mapping[str, Any]] | None = None


PRESENT = Metadata()

AddressType = Literal["Unknown", "Billing", "Delivery"]
ActiveStatus = Literal["Unknown", "Active", "Archived"]
AccountStatus = Literal["Unknown", "Active", "Archived", "Pending"]


class Address(Shape, frozen=True, kw_only=True):
    type: AddressType
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    postal_code: str | None = None


class Phone(Shape, frozen=True, kw_only=True):
    type: Literal["Primary", "Landline", "Mobile", "Fax", "Unknown"]
    number: str | None = None


class AccountRef(Shape, frozen=True, kw_only=True):
    id: str | None = None
    name: str | None = None


class CustomerRef(Shape, frozen=True, kw_only=True):
    id: str
    company_name: str | None = None


class SupplierRef(Shape, frozen=True, kw_only=True):
    id: str
    supplier_name: str | None = None


class NamedRef(Shape, frozen=True, kw_only=True):
    """A reference to an item, a tracking category, a project, a journal or a payment method."""

    id: str
    name: str | None = None


class TaxRateRef(Shape, frozen=True, kw_only=True):
    id: str | None = None
    name: str | None = None
    effective_tax_rate: Decimal | None = None


class RecordRef(Shape, frozen=True, kw_only=True):
    id: str | None = None
    data_type: str | None = None


class ContactRef(Shape, frozen=True, kw_only=True):
    id: str
    data_type: Literal["customers", "suppliers"] | None = None


class WithholdingTax(Shape, frozen=True, kw_only=True):
    name: str
    amount: Decimal


class AllocatedPayment(Shape, frozen=True, kw_only=True):
    id: str | None = None
    note: str | None = None
    reference: str | None = None
    account_ref: AccountRef | None = None
    currency: str | None = None
    currency_rate: Decimal | None = None
    paid_on_date: date | None = None
    total_amount: Decimal | None = None


class Allocation(Shape, frozen=True, kw_only=True):
    currency: str | None = None
    currency_rate: Decimal | None = None
    allocated_on_date: date | None = None
    total_amount: Decimal | None = None


class PaymentAllocation(Shape, frozen=True, kw_only=True):
    """How much of a payment settles the document that holds this."""

    payment: AllocatedPayment
    allocation: Allocation


class PaymentLink[Kind](Shape, frozen=True, kw_only=True):
    """A document that a payment touches.

    The amount is what its balance changes by: negative when less is owed afterwards.
    """

    type: Kind
    id: str | None = None
    amount: Decimal | None = None
    currency_rate: Decimal | None = None


class PaymentLine[Kind](Shape, frozen=True, kw_only=True):
    amount: Decimal
    links: tuple[PaymentLink[Kind], ...] | None = None
    allocated_on_date: date | None = None


class ValidDatatypeLink(Shape, frozen=True, kw_only=True):
    property: str | None = None
    links: tuple[str, ...] | None = None
