"""Tryton's company, parties, chart of accounts, taxes and banking → canonical records."""

import datetime as dt
from collections.abc import Container, Iterable
from decimal import Decimal

from connections.platforms.tryton import wire
from connections.platforms.tryton.account_types import AccountTypes
from connections.schemas import (
    Account,
    BankAccount,
    BankTransaction,
    CompanyInfo,
    Customer,
    DataType,
    Supplier,
    TaxRate,
    single_id,
)
from connections.schemas.base import ActiveStatus, Address, Phone
from connections.schemas.catalog import TaxComponent
from connections.schemas.contacts import WebLink

_PHONES = ("phone", "mobile")
_IBAN = "iban"
_PERCENT = Decimal(100)


def company(
    row: wire.Company, *, first_year: wire.Span | None, locked: wire.Span | None
) -> CompanyInfo:
    party = row.party
    websites = _values(party, ("website",))
    return CompanyInfo(
        id=single_id(DataType.COMPANY),
        company_name=party.name,
        accounting_platform_ref=str(row.id),
        company_legal_name=party.full_name or party.name,
        addresses=_addresses(party),
        phone_numbers=tuple(
            Phone(type="Primary" if place == 0 else "Unknown", number=number)
            for place, number in enumerate(_values(party, _PHONES))
        ),
        web_links=tuple(WebLink(type="Website", url=url) for url in websites),
        ledger_lock_date=locked.end_date.date if locked else None,
        tax_number=_tax_number(party),
        financial_year_start_date=first_year.start_date.date if first_year else None,
        base_currency=row.currency.code,
        created_date=row.create_date.utc if row.create_date else None,
    )


def account(
    row: wire.Account,
    changed_at: dt.datetime | None,
    *,
    types: AccountTypes,
    base_currency: str | None,
    bank_accounts: Container[int],
) -> Account:
    kind = types.account_type(row.type)
    type_name = types.name(row.type)
    category = f"{kind}.{type_name}" if type_name else kind
    return Account(
        id=str(row.id),
        source_modified_date=changed_at,
        nominal_code=row.code,
        name=row.name,
        description=row.note,
        fully_qualified_category=category,
        fully_qualified_name=f"{category}.{row.name}" if row.name else category,
        currency=base_currency,
        current_balance=row.balance.decimal if row.balance else None,
        type=kind,
        status="Archived" if row.closed or not row.active else "Active",
        is_bank_account=row.id in bank_accounts,
    )


def customer(row: wire.Party, changed_at: dt.datetime | None) -> Customer:
    return Customer(
        id=str(row.id),
        source_modified_date=changed_at,
        customer_name=row.name,
        email_address=_first(_values(row, ("email",))),
        phone=_first(_values(row, _PHONES)),
        addresses=_addresses(row),
        contacts=(),
        tax_number=_tax_number(row),
        status=_status(row.active),
    )


def supplier(row: wire.Party, changed_at: dt.datetime | None) -> Supplier:
    return Supplier(
        id=str(row.id),
        source_modified_date=changed_at,
        supplier_name=row.name,
        email_address=_first(_values(row, ("email",))),
        phone=_first(_values(row, _PHONES)),
        addresses=_addresses(row),
        tax_number=_tax_number(row),
        status=_status(row.active),
    )


def tax_rate(row: wire.Tax, changed_at: dt.datetime | None) -> TaxRate:
    """Return a tax; one of type ``none`` only holds others, one of type ``fixed`` has no rate."""
    parts = tuple(part for part in row.childs if part.type == "percentage")
    rates = [rate for part in parts if (rate := _rate(part)) is not None]
    rate = sum(rates, Decimal()) if rates else _rate(row)
    return TaxRate(
        id=str(row.id),
        source_modified_date=changed_at,
        name=row.name,
        effective_tax_rate=rate,
        total_tax_rate=rate,
        components=tuple(
            TaxComponent(name=part.name, rate=_rate(part), is_compound=False)
            for part in (parts or (row,))
            if part.type == "percentage"
        ),
        status=_status(row.active),
    )


def bank_account(
    row: wire.StatementJournal, changed_at: dt.datetime | None, *, base_currency: str | None
) -> BankAccount:
    """Return a bank account; its balance is told in the company's currency only."""
    is_in_base = row.currency.code == base_currency
    details = row.bank_account
    numbers = details.numbers if details else ()
    return BankAccount(
        id=str(row.id),
        source_modified_date=changed_at,
        account_name=row.name,
        nominal_code=row.account.code,
        account_number=_first(
            each.number for each in numbers if each.type != _IBAN and each.number
        ),
        i_ban=_first(each.number for each in numbers if each.type == _IBAN and each.number),
        currency=row.currency.code,
        balance=row.account.balance.decimal if row.account.balance and is_in_base else None,
        institution=details.bank.party.name
        if details and details.bank and details.bank.party
        else None,
        status=_status(row.active),
    )


def bank_transaction(row: wire.StatementLine, changed_at: dt.datetime | None) -> BankTransaction:
    amount = row.amount.decimal
    return BankTransaction(
        id=str(row.id),
        source_modified_date=changed_at,
        account_id=str(row.statement.journal.id),
        cleared_on_date=row.date.date,
        description=row.description or (row.party.name if row.party else None) or row.number,
        # Posting a statement books its lines, each against the account it was matched with.
        reconciled=row.move is not None,
        amount=amount,
        transaction_type="Credit" if amount > 0 else "Debit",
    )


def _status(active: wire.Flag) -> ActiveStatus:
    return "Active" if active else "Archived"


def _rate(tax: wire.TaxPart) -> Decimal | None:
    """Return a tax's rate as a percentage; Tryton writes 8 % as 0.08."""
    return tax.rate.decimal * _PERCENT if tax.type == "percentage" and tax.rate else None


def _first(texts: Iterable[str | None]) -> str | None:
    return next(iter(texts), None)


def _values(party: wire.Party, kinds: tuple[str, ...]) -> list[str]:
    return [each.value for each in party.contact_mechanisms if each.type in kinds and each.value]


def _tax_number(party: wire.Party) -> str | None:
    return party.tax_identifier.code if party.tax_identifier else None


def _addresses(party: wire.Party) -> tuple[Address, ...]:
    return tuple(_address(each) for each in party.addresses if each.active)


def _address(address: wire.Address) -> Address:
    first, _, rest = (address.street or "").partition("\n")
    return Address(
        type="Billing" if address.invoice else "Unknown",
        line1=first or None,
        line2=rest.replace("\n", ", ") or None,
        city=address.city,
        region=address.subdivision.name if address.subdivision else None,
        country=address.country.code if address.country else None,
        postal_code=address.postal_code,
    )
