"""Rules for the company, its contacts, its catalog, its ledger and its bank."""

from collections.abc import Iterator

from connections.schemas.banking import BankAccount, BankTransaction
from connections.schemas.catalog import Item, TaxRate
from connections.schemas.contacts import CompanyInfo, Customer, Supplier
from connections.schemas.ledger import Account, JournalEntry
from connections.schemas.validation.shared import ZERO, Finding, check_currency, summed


def company(company: CompanyInfo) -> Iterator[Finding]:
    yield from _named("A company", company.company_name, "")
    yield from check_currency("A company", company.base_currency, None)


def account(account: Account) -> Iterator[Finding]:
    yield from _named("An account", account.name, account.status)
    if account.type == "Unknown":
        yield "warning", 51, "An account has a type that we do not know."


def customer(customer: Customer) -> Iterator[Finding]:
    yield from _named("A customer", customer.customer_name, customer.status)


def supplier(supplier: Supplier) -> Iterator[Finding]:
    yield from _named("A supplier", supplier.supplier_name, supplier.status)


def item(item: Item) -> Iterator[Finding]:
    yield from _named("An item", item.name or item.code, item.item_status)
    if not (item.is_bill_item or item.is_invoice_item):
        yield "warning", 60, "An item should be sold, bought or both."


def tax_rate(rate: TaxRate) -> Iterator[Finding]:
    yield from _named("A tax rate", rate.name or rate.code, rate.status)
    parts = rate.components or ()
    # Compound parts tax each other, so that only simple ones add up.
    if parts and rate.total_tax_rate is not None and not any(part.is_compound for part in parts):
        total = sum((part.rate or ZERO for part in parts), ZERO)
        if total != rate.total_tax_rate:
            yield (
                "warning",
                30,
                summed("A tax rate", "components", total, "TotalTaxRate", rate.total_tax_rate),
            )


def journal_entry(entry: JournalEntry) -> Iterator[Finding]:
    lines = entry.journal_lines or ()
    if entry.posted_on is None:
        yield "warning", 11, "A journal entry should have a posting date."
    if not lines:
        yield "warning", 34, "A journal entry should have lines."
    if balance := sum((line.net_amount for line in lines), ZERO):
        yield "warning", 30, f"A journal entry's lines summed ({balance}) should be 0."
    if any(line.account_ref is None for line in lines):
        yield "warning", 23, "A journal entry's lines should each name an account."


def bank_account(account: BankAccount) -> Iterator[Finding]:
    yield from _named("A bank account", account.account_name, account.status)
    yield from check_currency("A bank account", account.currency, None)


def bank_transaction(transaction: BankTransaction) -> Iterator[Finding]:
    if transaction.account_id is None:
        yield "warning", 23, "A bank transaction should name its bank account."
    if transaction.amount is None:
        yield "warning", 35, "A bank transaction should have an amount."


def _named(noun: str, name: str | None, status: str) -> Iterator[Finding]:
    if not name:
        yield "warning", 1, f"{noun} should have a name."
    if status == "Unknown":
        yield "warning", 50, f"{noun} has a status that we do not know."
