"""QuickBooks' accounts and journal entries → canonical records."""

from collections.abc import Iterator
from typing import Literal

from connections.platforms.quickbooks import wire
from connections.platforms.quickbooks.documents import HomeCurrency, account, currency
from connections.platforms.quickbooks.moments import day, moment
from connections.schemas import Account, BankAccount, JournalEntry
from connections.schemas.banking import BankAccountType
from connections.schemas.base import ContactRef
from connections.schemas.ledger import AccountType, JournalLine, JournalRecordRef

# https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account
_ACCOUNT_TYPE: dict[str, AccountType] = {
    "Asset": "Asset",
    "Equity": "Equity",
    "Expense": "Expense",
    "Liability": "Liability",
    "Revenue": "Income",
}
_BANK_ACCOUNT_TYPE: dict[str, BankAccountType] = {"Bank": "Debit", "Credit Card": "Credit"}
BANK_TYPES = tuple(_BANK_ACCOUNT_TYPE)
_CONTACTS: dict[str, Literal["customers", "suppliers"]] = {
    "Customer": "customers",
    "Vendor": "suppliers",
}
_SIGNS = {"Debit": 1, "Credit": -1}


def chart_account(row: wire.Account, home: HomeCurrency) -> Account:
    kind = _ACCOUNT_TYPE.get(row.classification, "Unknown")
    parts = (kind, row.account_type.replace(" ", ""), row.account_sub_type)
    category = ".".join(filter(None, parts))
    return Account(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        nominal_code=row.acct_num,
        name=row.name,
        description=row.description,
        fully_qualified_category=category,
        fully_qualified_name=f"{category}.{row.fully_qualified_name or row.name}",
        currency=row.currency_ref.value if row.currency_ref else home(),
        current_balance=row.current_balance,
        type=kind,
        status="Active" if row.active else "Archived",
        is_bank_account=row.account_type == "Bank",
    )


def is_bank_account(row: wire.Account) -> bool:
    return row.account_type in _BANK_ACCOUNT_TYPE


def bank_account(row: wire.Account, home: HomeCurrency) -> BankAccount:
    return BankAccount(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        account_name=row.name,
        account_type=_BANK_ACCOUNT_TYPE.get(row.account_type, "Unknown"),
        nominal_code=row.acct_num,
        currency=row.currency_ref.value if row.currency_ref else home(),
        balance=row.current_balance,
        institution=row.fi_name,
        status="Active" if row.active else "Archived",
    )


def journal_entry(row: wire.JournalEntry, home: HomeCurrency) -> JournalEntry:
    created = row.meta_data.create_time
    return JournalEntry(
        id=row.id,
        source_modified_date=moment(row.meta_data.last_updated_time),
        description=row.private_note or row.doc_number,
        posted_on=day(row.txn_date),
        created_on=moment(created) if created else None,
        updated_on=moment(row.meta_data.last_updated_time),
        journal_lines=tuple(_lines(row, currency(row, home))),
        record_ref=JournalRecordRef(id=row.id, data_type="journalEntries"),
    )


def _lines(row: wire.JournalEntry, money: str) -> Iterator[JournalLine]:
    """Yield the postings, whose amounts are positive on either side.

    :raises ValueError: when a posting is on no side.
    """
    for line in row.line:
        detail = line.journal_entry_line_detail
        if detail is None:
            # A line of text.
            continue
        sign = _SIGNS.get(detail.posting_type)
        if sign is None:
            raise ValueError(f"{detail.posting_type!r} is no side of a ledger")
        yield JournalLine(
            description=line.description,
            net_amount=sign * line.amount,
            currency=money,
            account_ref=account(detail.account_ref),
            contact_ref=_contact(detail.entity),
        )


def _contact(entity: wire.Entity | None) -> ContactRef | None:
    """Return whom a posting is about; employees are neither customers nor suppliers."""
    kind = _CONTACTS.get(entity.type) if entity else None
    if entity is None or entity.entity_ref is None or kind is None:
        return None
    return ContactRef(id=entity.entity_ref.value, data_type=kind)
