"""Xero's organisation, tax rates, contacts and items → canonical records."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Literal

from connections.platforms.xero import wire
from connections.platforms.xero.ledger import Chart
from connections.platforms.xero.moments import day, moment, moment_or_none
from connections.schemas import (
    CompanyInfo,
    Customer,
    DataType,
    Item,
    Supplier,
    TaxRate,
    single_id,
)
from connections.schemas.base import ActiveStatus, Address, AddressType, Phone, TaxRateRef
from connections.schemas.catalog import ItemSide, TaxComponent
from connections.schemas.contacts import Contact

_ACTIVE: dict[str, ActiveStatus] = {"ACTIVE": "Active", "ARCHIVED": "Archived"}
_TAX_STATUS: dict[str, ActiveStatus] = {**_ACTIVE, "DELETED": "Archived"}
# Invoices and statements go to the PO box, goods to the street.
# https://developer.xero.com/documentation/api/accounting/types#addresses
_ADDRESS_TYPE: dict[str, AddressType] = {"POBOX": "Billing", "STREET": "Delivery"}
_PHONE_TYPE: dict[str, Literal["Primary", "Landline", "Mobile", "Fax"]] = {
    "DEFAULT": "Primary",
    "DDI": "Landline",
    "OFFICE": "Landline",
    "MOBILE": "Mobile",
    "FAX": "Fax",
}


def company(row: wire.Organisation) -> CompanyInfo:
    locks = [day(text) for text in (row.period_lock_date, row.end_of_year_lock_date) if text]
    return CompanyInfo(
        id=single_id(DataType.COMPANY),
        company_name=row.name,
        accounting_platform_ref=row.short_code or row.id,
        company_legal_name=row.legal_name,
        addresses=_addresses(row.addresses),
        phone_numbers=_phones(row.phones),
        ledger_lock_date=max(locks, default=None),
        registration_number=row.registration_number or None,
        tax_number=row.tax_number or None,
        financial_year_start_date=_first_financial_year(row),
        base_currency=row.base_currency,
        created_date=moment_or_none(row.created),
    )


def tax_rate(row: wire.TaxRate) -> TaxRate:
    return TaxRate(
        id=row.id,
        name=row.name,
        code=row.id,
        effective_tax_rate=row.effective_rate,
        total_tax_rate=row.display_tax_rate,
        components=tuple(
            TaxComponent(is_compound=part.is_compound, name=part.name, rate=part.rate)
            for part in row.tax_components
        ),
        status=_TAX_STATUS.get(row.status, "Unknown"),
    )


def customer(row: wire.Contact) -> Customer:
    status = _ACTIVE.get(row.contact_status, "Unknown")
    return Customer(
        id=row.id,
        source_modified_date=moment(row.updated),
        customer_name=row.name,
        contact_name=_full_name(row.first_name, row.last_name),
        email_address=row.email_address or None,
        default_currency=row.default_currency or None,
        phone=_main_phone(row.phones),
        addresses=_addresses(row.addresses),
        contacts=tuple(
            Contact(
                status=status,
                name=_full_name(person.first_name, person.last_name),
                email=person.email_address or None,
            )
            for person in row.contact_persons
        ),
        registration_number=row.company_number or None,
        tax_number=row.tax_number or None,
        status=status,
    )


def supplier(row: wire.Contact) -> Supplier:
    return Supplier(
        id=row.id,
        source_modified_date=moment(row.updated),
        supplier_name=row.name,
        contact_name=_full_name(row.first_name, row.last_name),
        email_address=row.email_address or None,
        phone=_main_phone(row.phones),
        addresses=_addresses(row.addresses),
        registration_number=row.company_number or None,
        tax_number=row.tax_number or None,
        status=_ACTIVE.get(row.contact_status, "Unknown"),
        default_currency=row.default_currency or None,
    )


def item(row: wire.Item, chart: Chart) -> Item:
    return Item(
        id=row.id,
        source_modified_date=moment_or_none(row.updated),
        code=row.code,
        name=row.name or row.code,
        # Items are deleted or they are there: Xero does not archive them.
        item_status="Active",
        type="Inventory" if row.is_tracked_as_inventory else "NonInventory",
        is_bill_item=row.is_purchased,
        bill_item=_item_side(row.purchase_details, row.purchase_description, chart)
        if row.is_purchased
        else None,
        is_invoice_item=row.is_sold,
        invoice_item=_item_side(row.sales_details, row.description, chart) if row.is_sold else None,
    )


def _item_side(side: wire.ItemSide | None, description: str | None, chart: Chart) -> ItemSide:
    if side is None:
        return ItemSide(description=description)
    return ItemSide(
        account_ref=chart.ref(None, side.account_code or side.cogs_account_code),
        description=description or None,
        tax_rate_ref=TaxRateRef(id=side.tax_type) if side.tax_type else None,
        unit_price=side.unit_price,
    )


def _addresses(addresses: tuple[wire.Address, ...]) -> tuple[Address, ...]:
    """Return the addresses that say something: Xero sends both kinds, empty ones too."""
    return tuple(filter(None, map(_address, addresses)))


def _address(row: wire.Address) -> Address | None:
    further = [row.address_line2, row.address_line3, row.address_line4]
    parts = {
        "line1": row.address_line1 or None,
        "line2": ", ".join(filter(None, further)) or None,
        "city": row.city or None,
        "region": row.region or None,
        "country": row.country or None,
        "postal_code": row.postal_code or None,
    }
    if not any(parts.values()):
        return None
    return Address(type=_ADDRESS_TYPE.get(row.address_type, "Unknown"), **parts)


def _phones(phones: tuple[wire.Phone, ...]) -> tuple[Phone, ...]:
    return tuple(
        Phone(type=_PHONE_TYPE.get(phone.phone_type, "Unknown"), number=number)
        for phone in phones
        if (number := _number(phone))
    )


def _main_phone(phones: tuple[wire.Phone, ...]) -> str | None:
    ordered = sorted(phones, key=lambda phone: phone.phone_type != "DEFAULT")
    return next(filter(None, map(_number, ordered)), None)


def _number(phone: wire.Phone) -> str | None:
    parts = (phone.phone_country_code, phone.phone_area_code, phone.phone_number)
    return " ".join(filter(None, parts)) if phone.phone_number else None


def _full_name(first: str | None, last: str | None) -> str | None:
    return " ".join(filter(None, (first, last))) or None


def _first_financial_year(row: wire.Organisation) -> date | None:
    """Return the start of the financial year in which the books were opened.

    Xero tells the year's last day only; a year taken from the clock would change the record by
    itself.
    """
    month, last = row.financial_year_end_month, row.financial_year_end_day
    if not (row.created and month and last):
        return None
    opened = day(row.created)
    start = _year_end(opened.year, month, last) + timedelta(days=1)
    return start if start <= opened else _year_end(opened.year - 1, month, last) + timedelta(days=1)


def _year_end(year: int, month: int, last: int) -> date:
    """:raises ValueError: when there is no such month"""
    if not 1 <= month <= len(_MONTHS):
        raise ValueError(f"{month} is not a month")
    return date(year, month, min(last, monthrange(year, month)[1]))


_MONTHS = range(1, 13)
