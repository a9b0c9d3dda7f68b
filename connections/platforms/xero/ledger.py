"""Xero's accounts, journals and bank transactions → canonical records."""

from collections.abc import Callable, Iterable
from functools import cached_property

from connections.platforms.xero import wire
from connections.platforms.xero.moments import day, day_or_none, moment, moment_or_none
from connections.schemas import Account, BankAccount, BankTransaction, JournalEntry
from connections.schemas.banking import BankAccountType, TransactionType
from connections.schemas.base import AccountRef, AccountStatus
from connections.schemas.ledger import (
    AccountType,
    JournalLine,
    JournalRecordRef,
    JournalRecordType,
)

_ACCOUNT_STATUS: dict[str, AccountStatus] = {"ACTIVE": "Active", "ARCHIVED": "Archived"}
_ACCOUNT_TYPE: dict[str, AccountType] = {
    "ASSET": "Asset",
    "LIABILITY": "Liability",
    "EQUITY": "Equity",
    "REVENUE": "Income",
    "EXPENSE": "Expense",
}
# https://developer.xero.com/documentation/api/accounting/types#account-types
_CATEGORY = {
    "BANK": "Bank",
    "CURRENT": "CurrentAsset",
    "CURRLIAB": "CurrentLiability",
    "DEPRECIATN": "Depreciation",
    "DIRECTCOSTS": "DirectCosts",
    "EQUITY": "Equity",
    "EXPENSE": "Expense",
    "FIXED": "FixedAsset",
    "INVENTORY": "Inventory",
    "LIABILITY": "Liability",
    "NONCURRENT": "NonCurrentAsset",
    "OTHERINCOME": "OtherIncome",
    "OVERHEADS": "Overhead",
    "PREPAYMENT": "Prepayment",
    "REVENUE": "Revenue",
    "SALES": "Sales",
    "TERMLIAB": "NonCurrentLiability",
}
_BANK_ACCOUNT_TYPE: dict[str, BankAccountType] = {
    "BANK": "Debit",
    "PAYPAL": "Debit",
    "CREDITCARD": "Credit",
}
_TRANSACTION_TYPE: dict[str, TransactionType] = {
    "RECEIVE": "Credit",
    "RECEIVE-OVERPAYMENT": "Credit",
    "RECEIVE-PREPAYMENT": "Credit",
    "RECEIVE-TRANSFER": "Xfer",
    "SPEND": "Debit",
    "SPEND-OVERPAYMENT": "Debit",
    "SPEND-PREPAYMENT": "Debit",
    "SPEND-TRANSFER": "Xfer",
}
_SOURCE_TYPE: dict[str, JournalRecordType] = {
    "ACCREC": "invoices",
    "ACCPAY": "bills",
    "ACCRECCREDIT": "creditNotes",
    "ACCPAYCREDIT": "billCreditNotes",
    "ACCRECPAYMENT": "payments",
    "ACCPAYPAYMENT": "billPayments",
    "ARCREDITPAYMENT": "payments",
    "APCREDITPAYMENT": "billPayments",
    "CASHREC": "bankTransactions",
    "CASHPAID": "bankTransactions",
    "TRANSFER": "transfers",
    "MANJOURNAL": "journalEntries",
}


class Chart:
    """The accounts by code, asked for when first needed: lines that tell the id need none."""

    def __init__(self, load: Callable[[], Iterable[wire.Account]]) -> None:
        self._load = load

    def ref(self, account_id: str | None, code: str | None) -> AccountRef | None:
        """Return the account meant; items and older lines name theirs by code only."""
        found = account_id or self._ids.get(code or "")
        return AccountRef(id=found) if found else None

    @cached_property
    def _ids(self) -> dict[str, str]:
        return {account.code: account.id for account in self._load() if account.code}


def account(row: wire.Account) -> Account:
    kind = _ACCOUNT_TYPE.get(row.class_, "Unknown")
    category = f"{kind}.{_CATEGORY.get(row.type, 'Unknown')}"
    return Account(
        id=row.id,
        source_modified_date=moment_or_none(row.updated),
        nominal_code=row.code or None,
        name=row.name,
        description=row.description or None,
        fully_qualified_category=category,
        fully_qualified_name=f"{category}.{row.name}" if row.name else category,
        currency=row.currency_code,
        type=kind,
        status=_ACCOUNT_STATUS.get(row.status, "Unknown"),
        is_bank_account=row.type == "BANK",
    )


def bank_account(row: wire.Account) -> BankAccount:
    return BankAccount(
        id=row.id,
        source_modified_date=moment_or_none(row.updated),
        account_name=row.name,
        account_type=_BANK_ACCOUNT_TYPE.get(row.bank_account_type or "", "Unknown"),
        nominal_code=row.code or None,
        account_number=row.bank_account_number or None,
        currency=row.currency_code,
        status=_ACCOUNT_STATUS.get(row.status, "Unknown"),
    )


def manual_journal(row: wire.ManualJournal, chart: Chart, base_currency: str) -> JournalEntry:
    return JournalEntry(
        id=row.id,
        source_modified_date=moment(row.updated),
        description=row.narration,
        posted_on=day(row.date),
        updated_on=moment(row.updated),
        journal_lines=tuple(
            JournalLine(
                description=line.description,
                net_amount=line.line_amount,
                currency=base_currency,
                account_ref=chart.ref(line.account_id, line.account_code),
            )
            for line in row.journal_lines
            if not line.is_blank
        ),
        record_ref=JournalRecordRef(id=row.id, data_type="journalEntries"),
    )


def journal(row: wire.Journal, base_currency: str) -> JournalEntry:
    kind = _SOURCE_TYPE.get(row.source_type or "")
    return JournalEntry(
        id=row.id,
        source_modified_date=moment(row.created),
        description=row.reference or None,
        posted_on=day(row.date),
        created_on=moment(row.created),
        journal_lines=tuple(
            JournalLine(
                description=line.description or None,
                net_amount=line.net_amount,
                currency=base_currency,
                account_ref=AccountRef(id=line.account_id, name=line.account_name)
                if line.account_id
                else None,
            )
            for line in row.journal_lines
        ),
        record_ref=JournalRecordRef(id=row.source_id, data_type=kind) if row.source_id else None,
    )


def bank_transaction(row: wire.BankTransaction) -> BankTransaction:
    spent = row.type.startswith("SPEND")
    contact = row.contact.name if row.contact else None
    return BankTransaction(
        id=row.id,
        source_modified_date=moment(row.updated),
        account_id=row.bank_account.id if row.bank_account else None,
        cleared_on_date=day_or_none(row.date),
        description=row.reference or contact,
        reconciled=row.is_reconciled,
        amount=-row.total if spent else row.total,
        transaction_type=_TRANSACTION_TYPE.get(row.type, "Unknown"),
    )
