"""Sandbox company, contacts, catalog, ledger and banking → canonical records."""

from calendar import monthrange
from datetime import date
from decimal import Decimal

from connections.platforms.sandbox import wire
from connections.schemas import (
    Account,
    BankAccount,
    BankTransaction,
    CompanyInfo,
    Customer,
    DataType,
    Item,
    JournalEntry,
    Supplier,
    TaxRate,
    single_id,
)
from connections.schemas.banking import BankAccountType, TransactionType
from connections.schemas.base import (
    AccountRef,
    AccountStatus,
    ActiveStatus,
    Address,
    AddressType,
    ContactRef,
    Phone,
    TaxRateRef,
)
from connections.schemas.catalog import ItemSide, ItemType, TaxComponent
from connections.schemas.contacts import WebLink
from connections.schemas.ledger import (
    AccountType,
    JournalLine,
    JournalRecordRef,
    JournalRecordType,
    JournalTracking,
    TrackingRecordRef,
)

_STATUS: dict[str, ActiveStatus] = {"active": "Active", "archived": "Archived"}
_ACCOUNT_STATUS: dict[str, AccountStatus] = {"active": "Active", "archived": "Archived"}
_ADDRESS_TYPE: dict[str, AddressType] = {"billing": "Billing", "delivery": "Delivery"}
_ACCOUNT_TYPE: dict[str, AccountType] = {
    "asset": "Asset",
    "liability": "Liability",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expense",
}
_ITEM_TYPE: dict[str, ItemType] = {
    "service": "Service",
    "stock": "Inventory",
    "non_stock": "NonInventory",
}
# Payroll and manual entries were made in the journal itself: no other record stands behind them.
_SOURCE_TYPE: dict[str, JournalRecordType] = {
    "invoice": "invoices",
    "bill": "bills",
    "payment": "payments",
    "bill_payment": "billPayments",
    "credit_note": "creditNotes",
    "supplier_credit": "billCreditNotes",
    "bank": "bankTransactions",
}
_BANK_ACCOUNT_TYPE: dict[str, BankAccountType] = {
    "current": "Debit",
    "savings": "Debit",
    "credit_card": "Credit",
}
_TRANSACTION_TYPE: dict[str, TransactionType] = {
    "payment": "Payment",
    "deposit": "Dep",
    "transfer": "Xfer",
    "fee": "Fee",
    "interest": "Int",
    "direct_debit": "DirectDebit",
    "card": "Pos",
    "other": "Other",
}


def company(row: wire.Company) -> CompanyInfo:
    return CompanyInfo(
        id=single_id(DataType.COMPANY),
        company_name=row.name,
        accounting_platform_ref=row.id,
        company_legal_name=row.legal_name,
        addresses=(_address(row.address),) if row.address else (),
        phone_numbers=(Phone(type="Primary", number=row.phone),) if row.phone else (),
        web_links=(WebLink(type="Website", url=row.website),) if row.website else (),
        ledger_lock_date=row.ledger_locked_until,
        registration_number=row.registration_number,
        tax_number=row.tax_number,
        financial_year_start_date=_first_financial_year(row),
        base_currency=row.base_currency,
        created_date=row.created_at,
    )


def account(row: wire.Account) -> Account:
    kind = _ACCOUNT_TYPE.get(row.class_, "Unknown")
    category = f"{kind}.{row.type.replace('_', ' ').title().replace(' ', '')}"
    return Account(
        id=row.id,
        source_modified_date=row.updated_at,
        nominal_code=row.code,
        name=row.name,
        description=row.description,
        fully_qualified_category=category,
        fully_qualified_name=f"{category}.{row.name}" if row.name else category,
        currency=row.currency,
        current_balance=row.balance,
        type=kind,
        status=_ACCOUNT_STATUS.get(row.status, "Unknown"),
        is_bank_account=row.is_bank,
    )


def customer(row: wire.Contact) -> Customer:
    return Customer(
        id=row.id,
        source_modified_date=row.updated_at,
        customer_name=row.name,
        contact_name=row.contact_name,
        email_address=row.email,
        default_currency=row.currency,
        phone=row.phone,
        addresses=tuple(_address(address) for address in row.addresses),
        contacts=(),
        registration_number=row.registration_number,
        tax_number=row.tax_number,
        status=_STATUS.get(row.status, "Unknown"),
    )


def supplier(row: wire.Contact) -> Supplier:
    return Supplier(
        id=row.id,
        source_modified_date=row.updated_at,
        supplier_name=row.name,
        contact_name=row.contact_name,
        email_address=row.email,
        phone=row.phone,
        addresses=tuple(_address(address) for address in row.addresses),
        registration_number=row.registration_number,
        tax_number=row.tax_number,
        status=_STATUS.get(row.status, "Unknown"),
        default_currency=row.currency,
    )


def item(row: wire.Item) -> Item:
    return Item(
        id=row.id,
        source_modified_date=row.updated_at,
        code=row.code,
        name=row.name,
        item_status=_STATUS.get(row.status, "Unknown"),
        type=_ITEM_TYPE.get(row.kind, "Unknown"),
        is_bill_item=row.purchase is not None,
        bill_item=_item_side(row, row.purchase),
        is_invoice_item=row.sale is not None,
        invoice_item=_item_side(row, row.sale),
    )


def tax_rate(row: wire.TaxRate) -> TaxRate:
    return TaxRate(
        id=row.id,
        source_modified_date=row.updated_at,
        name=row.name,
        code=row.code,
        effective_tax_rate=row.rate,
        total_tax_rate=sum((part.rate for part in row.components), Decimal()) or row.rate,
        components=tuple(
            TaxComponent(name=part.name, rate=part.rate, is_compound=part.compound)
            for part in row.components
        ),
        status=_STATUS.get(row.status, "Unknown"),
    )


def journal_entry(row: wire.JournalEntry, *, base_currency: str) -> JournalEntry:
    source = row.source
    source_type = _SOURCE_TYPE.get(source.kind) if source else None
    return JournalEntry(
        id=row.id,
        source_modified_date=row.updated_at,
        description=row.description,
        posted_on=row.date,
        created_on=row.created_at,
        updated_on=row.updated_at,
        journal_lines=tuple(_journal_line(line, base_currency) for line in row.lines),
        record_ref=JournalRecordRef(id=source.id, data_type=source_type)
        if source and source.id and source_type
        else None,
    )


def bank_account(row: wire.BankAccount) -> BankAccount:
    return BankAccount(
        id=row.id,
        source_modified_date=row.updated_at,
        account_name=row.name,
        account_type=_BANK_ACCOUNT_TYPE.get(row.kind, "Unknown"),
        sort_code=row.sort_code,
        account_number=row.number,
        i_ban=row.iban,
        currency=row.currency,
        balance=row.balance,
        institution=row.institution,
        available_balance=row.available,
        overdraft_limit=row.overdraft_limit,
        status=_ACCOUNT_STATUS.get(row.status, "Unknown"),
    )


def bank_transaction(row: wire.BankTransaction) -> BankTransaction:
    return BankTransaction(
        id=row.id,
        source_modified_date=row.updated_at,
        account_id=row.bank_account_id,
        cleared_on_date=row.date,
        description=row.description,
        reconciled=row.reconciled,
        amount=row.amount,
        balance=row.balance,
        transaction_type=_TRANSACTION_TYPE.get(row.kind, "Unknown"),
    )


def _address(address: wire.Address) -> Address:
    return Address(
        type=_ADDRESS_TYPE.get(address.kind or "", "Unknown"),
        line1=address.line1,
        line2=address.line2,
        city=address.city,
        region=address.region,
        country=address.country,
        postal_code=address.postcode,
    )


def _first_financial_year(row: wire.Company) -> date:
    """Return the start of the financial year in which the company's books were opened.

    The platform tells month and day only; a year taken from the clock would change the record by
    itself.

    :raises ValueError: when there is no such month.
    """
    month, day = (int(part) for part in row.financial_year_start.split("-"))
    opened = row.created_at.date()
    year = opened.year if (month, day) <= (opened.month, opened.day) else opened.year - 1
    last_day = monthrange(year, month)[1]
    return date(year, month, last_day if (month, day) == (2, 29) else day)


def _item_side(row: wire.Item, side: wire.ItemSide | None) -> ItemSide | None:
    if side is None:
        return None
    return ItemSide(
        account_ref=AccountRef(id=side.account_id) if side.account_id else None,
        description=row.description,
        tax_rate_ref=TaxRateRef(id=side.tax_rate_id) if side.tax_rate_id else None,
        unit_price=side.price,
    )


def _journal_line(line: wire.Posting, base_currency: str) -> JournalLine:
    contact = _contact(line)
    return JournalLine(
        description=line.description,
        net_amount=line.amount,
        transaction_amount=line.transaction_amount,
        currency=base_currency,
        transaction_currency=line.currency,
        account_ref=AccountRef(id=line.account_id, name=line.account_name),
        tracking=JournalTracking(
            record_refs=(TrackingRecordRef(id=contact.id, data_type=contact.data_type),)
        )
        if contact
        else None,
        contact_ref=contact,
    )


def _contact(line: wire.Posting) -> ContactRef | None:
    if line.customer_id:
        return ContactRef(id=line.customer_id, data_type="customers")
    if line.supplier_id:
        return ContactRef(id=line.supplier_id, data_type="suppliers")
    return None
