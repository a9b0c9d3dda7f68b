"""Company, accounts, contacts, items, tax rates and bank accounts as the API shows them."""

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.money import text
from sandbox.ledger.records import Account, Address, BankAccount, Contact, Item, Price, TaxRate
from sandbox.ledger.totals import Sums

type Body = dict[str, object]

_LOCKED_AFTER_MONTHS = 6


def company(books: Books, moment: int) -> Body:
    profile = books.profile
    month, day = profile.year_start
    locked = moments.month_of(moments.day_of(moment)) - _LOCKED_AFTER_MONTHS
    return {
        "id": profile.key,
        "name": profile.name,
        "legal_name": profile.legal_name,
        "registration_number": profile.registration_number,
        "tax_number": profile.tax_number,
        "base_currency": profile.currency,
        "financial_year_start": f"{month:02d}-{day:02d}",
        "created_at": f"{profile.founded}T08:00:00.000000Z",
        "address": _address(profile.address),
        "phone": profile.phone,
        "website": profile.website,
        "ledger_locked_until": moments.date_text(moments.month_end(locked)),
    }


def account(record: Account, sums: Sums) -> Body:
    return {
        "code": record.code,
        "name": record.name,
        "description": record.description,
        "class": record.classification,
        "type": record.type,
        "currency": record.currency,
        "status": record.status,
        "is_bank": record.is_bank,
        "balance": text(natural(record, sums.balances.get(record.id, 0))),
        "parent_id": record.parent_id,
    }


def natural(record: Account, amount: int) -> int:
    """Turn net debits into a balance that is positive on the account's usual side."""
    return amount if record.classification in {"asset", "expense"} else -amount


def contact(record: Contact) -> Body:
    return {
        "name": record.name,
        "contact_name": record.contact_name,
        "email": record.email,
        "phone": record.phone,
        "registration_number": record.registration_number,
        "tax_number": record.tax_number,
        "currency": record.currency,
        "status": record.status,
        "addresses": [{"kind": each.kind, **_address(each)} for each in record.addresses],
    }


def item(record: Item) -> Body:
    return {
        "code": record.code,
        "name": record.name,
        "description": record.description,
        "kind": record.kind,
        "status": record.status,
        "sale": _price(record.sale),
        "purchase": _price(record.purchase),
    }


def tax_rate(record: TaxRate) -> Body:
    return {
        "code": record.code,
        "name": record.name,
        "rate": text(record.rate),
        "components": [
            {"name": each.name, "rate": text(each.rate), "compound": each.compound}
            for each in record.components
        ],
        "status": record.status,
    }


def bank_account(record: BankAccount, sums: Sums) -> Body:
    balance = sums.balances.get(record.account.id, 0)
    return {
        "account_id": record.account.id,
        "name": record.name,
        "kind": record.kind,
        "number": record.number,
        "sort_code": record.sort_code,
        "iban": record.iban,
        "institution": record.institution,
        "currency": record.account.currency,
        "balance": text(balance),
        "available": text(balance + record.overdraft_limit),
        "overdraft_limit": text(record.overdraft_limit),
        "status": record.status,
    }


def _price(price: Price | None) -> Body | None:
    if price is None:
        return None
    return {
        "price": text(price.price),
        "account_id": price.account_id,
        "tax_rate_id": price.tax_rate_id,
    }


def _address(address: Address) -> Body:
    return {
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "region": address.region,
        "country": address.country,
        "postcode": address.postcode,
    }
