"""What is odd about a record: warnings that block nothing, errors that make a type unusable.

A rule's id is part of the public API: never reuse a number for another rule.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from connections.schemas.banking import BankAccount, BankTransaction
from connections.schemas.base import Record
from connections.schemas.catalog import Item, TaxRate
from connections.schemas.contacts import CompanyInfo, Customer, Supplier
from connections.schemas.custom import CustomRecord
from connections.schemas.ledger import Account, JournalEntry
from connections.schemas.purchases import Bill, BillCreditNote, BillPayment
from connections.schemas.sales import CreditNote, Invoice, Payment
from connections.schemas.statements import (
    BalanceSheet,
    CashFlowStatement,
    ProfitAndLoss,
)
from connections.schemas.validation import documents, lists, statements
from connections.schemas.validation.shared import Finding, Level

__all__ = ["ValidationResult", "validate"]


class ValidationResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One finding about one record."""

    level: Level
    rule_id: str
    item_id: str
    message: str
    validator_name: str


def validate(record: Record) -> list[ValidationResult]:
    """Return what is odd about a record; an ordinary one gives an empty list."""
    if isinstance(record, CustomRecord):
        return []  # nobody but the organization knows what it should be
    noun, check = _CHECKS[type(record)]
    return [
        ValidationResult(
            level=level,
            rule_id=f"accounting-{noun}-{rule:03d}",
            item_id=record.id,
            message=message,
            validator_name=f"{type(record).__name__}Validator",
        )
        for level, rule, message in check(record)
    ]


_CHECKS: dict[type[Record], tuple[str, Callable[[Any], Iterator[Finding]]]] = {
    CompanyInfo: ("company", lists.company),
    Account: ("account", lists.account),
    TaxRate: ("taxrate", lists.tax_rate),
    Customer: ("customer", lists.customer),
    Supplier: ("supplier", lists.supplier),
    Item: ("item", lists.item),
    Invoice: ("invoice", documents.invoice),
    Bill: ("bill", documents.bill),
    CreditNote: ("creditnote", documents.credit_note),
    BillCreditNote: ("billcreditnote", documents.bill_credit_note),
    Payment: ("payment", documents.payment),
    BillPayment: ("billpayment", documents.bill_payment),
    JournalEntry: ("journalentry", lists.journal_entry),
    BankAccount: ("bankaccount", lists.bank_account),
    BankTransaction: ("banktransaction", lists.bank_transaction),
    BalanceSheet: ("balancesheet", statements.balance_sheet),
    ProfitAndLoss: ("profitandloss", statements.profit_and_loss),
    CashFlowStatement: ("cashflowstatement", statements.cash_flow),
}
