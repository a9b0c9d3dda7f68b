"""QuickBooks' company, tax codes, names and items → canonical records."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal

from connections.platforms.quickbooks import wire
from connections.platforms.quickbooks.documents import HomeCurrency, account
from connections.platforms.quickbooks.moments import day_or_none, moment
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
from connections.schemas.catalog import ItemSide, ItemType, TaxComponent
from connections.schemas.contacts import WebLink

_ITEM_TYPE: dict[str, ItemType] = {
    "Inventory": "Inventory",
    "NonInventory": "NonInventory",
    "Service": "Service",
}


def company(row: wire.CompanyInfo, preferences: wire.Preferences, realm: str) -> CompanyInfo:
    web = row.web_addr.uri if row.web_addr else None
    opened = _opened(row)
    return CompanyInfo(
        id=single_id(DataType.COMPANY),
        company_name=row.company_name,
        accounting_platform_ref=realm,
        company_legal_name=row.legal_name,
        addresses=_addresses(Billing=row.company_addr, Unknown=row.legal_addr),
        phone_numbers=_phones(row.primary_phone),
        web_links=(WebLink(type="Website", url=web),) if web else (),
        ledger_lock_date=day_or_none(preferences.accounting_info_prefs.book_close_date),
        tax_number=row.employer_id,
        financial_year_start_date=_first_financial_year(row),
        base_currency=preferences.currency_prefs.home_currency.value,
        created_date=datetime.combine(opened, time(), UTC) if opened else None,
    )


def tax_rate(row: wire.TaxCode, rates: Mapping[str, wire.TaxRate]) -> TaxRate:
    """Read a code, which is what lines refer to, with the rates that it stands for."""
    parts = row.sales_tax_rate_list.tax_rate_detail or row.purchase_tax_rate_list.tax_rate_detail
    components = tuple(
        TaxComponent(
            is_compound=bool(part.tax_on_tax_order),
            name=known.name if known else part.tax_rate_ref.name,
            rate=known.rate_value if known else None,
        )
        for part in parts
        for known in (rates.get(part.tax_rate_ref.value),)
    )
    told = [part.rate for part in components if part.rate is not None]
    total = sum(told, Decimal()) if len(told) == len(components) else None
    is_plain = not any(part.is_compound for part in components)
    return TaxRate(
        id=row.id,
        name=row.name,
        code=row.name,
        effective_tax_rate=total if components and is_plain else None if row.taxable else Decimal(),
        total_tax_rate=total if components else None,
        components=components,
        status=_status(row),
    )


def customer(row: wire.Contact, home: HomeCurrency) -> Customer:
    return Customer(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        customer_name=row.display_name,
        contact_name=_full_name(row),
        email_address=row.primary_email_addr.address if row.primary_email_addr else None,
        default_currency=row.currency_ref.value if row.currency_ref else home(),
        phone=_main_phone(row),
        addresses=_addresses(Billing=row.bill_addr, Delivery=row.ship_addr),
        status=_status(row),
    )


def supplier(row: wire.Contact, home: HomeCurrency) -> Supplier:
    return Supplier(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        supplier_name=row.display_name,
        contact_name=_full_name(row),
        email_address=row.primary_email_addr.address if row.primary_email_addr else None,
        phone=_main_phone(row),
        addresses=_addresses(Billing=row.bill_addr),
        status=_status(row),
        default_currency=row.currency_ref.value if row.currency_ref else home(),
    )


def is_item(row: wire.Item) -> bool:
    """Tell items from the categories that they are filed under, which are in the same list."""
    return row.type != "Category"


def item(row: wire.Item) -> Item:
    is_bought, is_sold = row.expense_account_ref is not None, row.income_account_ref is not None
    return Item(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        code=row.sku,
        name=row.name,
        item_status=_status(row),
        type=_ITEM_TYPE.get(row.type, "Unknown"),
        is_bill_item=is_bought,
        bill_item=ItemSide(
            account_ref=account(row.expense_account_ref),
            description=row.purchase_desc,
            tax_rate_ref=_tax(row.purchase_tax_code_ref),
            unit_price=row.purchase_cost,
        )
        if is_bought
        else None,
        is_invoice_item=is_sold,
        invoice_item=ItemSide(
            account_ref=account(row.income_account_ref),
            description=row.description,
            tax_rate_ref=_tax(row.sales_tax_code_ref),
            unit_price=row.unit_price,
        )
        if is_sold
        else None,
    )


def _status(row: wire.Named | wire.TaxCode) -> ActiveStatus:
    return "Active" if row.active else "Archived"


def _tax(ref: wire.Ref | None) -> TaxRateRef | None:
    return TaxRateRef(id=ref.value, name=ref.name) if ref else None


def _addresses(**addresses: wire.Address | None) -> tuple[Address, ...]:
    """Return the addresses that say something, by their kinds."""
    kinds: tuple[AddressType, ...] = ("Billing", "Delivery", "Unknown")
    found = ((kind, addresses.get(kind)) for kind in kinds)
    return tuple(
        read for kind, each in found if each is not None and (read := _address(kind, each))
    )


def _address(kind: AddressType, row: wire.Address) -> Address | None:
    further = filter(None, (row.line2, row.line3, row.line4, row.line5))
    parts = {
        "line1": row.line1,
        "line2": ", ".join(further) or None,
        "city": row.city,
        "region": row.country_sub_division_code,
        "country": row.country,
        "postal_code": row.postal_code,
    }
    return Address(type=kind, **parts) if any(parts.values()) else None


def _phones(phone: wire.Phone | None) -> tuple[Phone, ...]:
    number = phone.free_form_number if phone else None
    return (Phone(type="Primary", number=number),) if number else ()


def _main_phone(row: wire.Contact) -> str | None:
    numbers = (phone.free_form_number for phone in (row.primary_phone, row.mobile) if phone)
    return next(filter(None, numbers), None)


def _full_name(row: wire.Contact) -> str | None:
    return " ".join(filter(None, (row.given_name, row.family_name))) or None


def _first_financial_year(row: wire.CompanyInfo) -> date | None:
    """Return the start of the financial year in which the books were opened.

    QuickBooks tells its first month only; a year taken from the clock would change the record by
    itself.
    """
    opened, name = _opened(row), row.fiscal_year_start_month
    if opened is None or not name:
        return None
    month = datetime.strptime(name, "%B").replace(tzinfo=UTC).month
    start = date(opened.year, month, 1)
    return start if start <= opened else start.replace(year=opened.year - 1)


def _opened(row: wire.CompanyInfo) -> date | None:
    """Return when the books were opened, told as a day or with the time of day."""
    return day_or_none((row.company_start_date or "")[:10])
