"""Who the company trades with, and the company itself."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar, Literal

from connections.schemas.base import (
    PRESENT,
    ActiveStatus,
    Address,
    Listing,
    Metadata,
    Phone,
    Record,
    Shape,
    SupplementalData,
)
from connections.schemas.data_types import DataType


class Contact(Shape, frozen=True, kw_only=True):
    status: ActiveStatus
    name: str | None = None
    email: str | None = None
    phone: tuple[Phone, ...] | None = None
    address: Address | None = None
    modified_date: datetime | None = None


class Customer(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.CUSTOMERS

    customer_name: str | None = None
    contact_name: str | None = None
    email_address: str | None = None
    default_currency: str | None = None
    phone: str | None = None
    addresses: tuple[Address, ...] | None = None
    contacts: tuple[Contact, ...] | None = None
    registration_number: str | None = None
    tax_number: str | None = None
    status: ActiveStatus
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.customer_name or self.id,
            party=self.contact_name,
            currency=self.default_currency,
            status=self.status,
        )


class Supplier(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.SUPPLIERS

    supplier_name: str | None = None
    contact_name: str | None = None
    email_address: str | None = None
    phone: str | None = None
    addresses: tuple[Address, ...] | None = None
    registration_number: str | None = None
    tax_number: str | None = None
    status: ActiveStatus
    default_currency: str | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.supplier_name or self.id,
            party=self.contact_name,
            currency=self.default_currency,
            status=self.status,
        )


class WebLink(Shape, frozen=True, kw_only=True):
    type: Literal["Website", "Social", "Unknown"]
    url: str


class CompanyInfo(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.COMPANY

    company_name: str | None = None
    accounting_platform_ref: str | None = None
    company_legal_name: str | None = None
    addresses: tuple[Address, ...] | None = None
    phone_numbers: tuple[Phone, ...] | None = None
    web_links: tuple[WebLink, ...] | None = None
    ledger_lock_date: date | None = None
    registration_number: str | None = None
    tax_number: str | None = None
    financial_year_start_date: date | None = None
    base_currency: str | None = None
    source_urls: Mapping[str, str] | None = None
    created_date: datetime | None = None
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.company_name or self.id,
            party=self.company_legal_name,
            currency=self.base_currency,
        )
