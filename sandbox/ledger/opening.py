"""The first day: accounts, items, tax rates, contacts and opening balances."""

from sandbox.ledger import documents, moments
from sandbox.ledger.books import Books
from sandbox.ledger.cash import enter
from sandbox.ledger.contacts import add_customer, add_supplier
from sandbox.ledger.moments import DAY, HOUR, MINUTE
from sandbox.ledger.profile import ItemSpec, item_id
from sandbox.ledger.records import BankAccount, Item, Price
from sandbox.ledger.sides import PURCHASES, SALES, Side
from sandbox.ledger.trading import plan_outcome


def open_books(books: Books) -> None:
    profile, moment = books.profile, moments.day_start(books.epoch)
    for account in books.chart.values():
        books.accounts.put(account, moment)
    for rate in profile.tax_rates:
        books.tax_rates.put(rate, moment)
    for spec in profile.items:
        books.items.put(make_item(books, spec), moment)
    _open_bank_accounts(books, moment)
    for role, count in profile.suppliers.items():
        for _ in range(count):
            add_supplier(books, moment, role=role)
    for _ in range(profile.customers):
        add_customer(books, moment)
    _bring_forward(books, moment)
    for number in range(4):
        books.at(moment + MINUTE + number, _open_document, SALES, number)
        books.at(moment + 2 * MINUTE + number, _open_document, PURCHASES, number)


def make_item(books: Books, spec: ItemSpec) -> Item:
    profile = books.profile
    bought = "inventory" if spec.kind == "stock" else "freight"
    tax = profile.default_tax if profile.tax_recoverable else profile.no_tax
    sale_tax = books.tax_by_code[spec.tax].id
    return Item(
        id=item_id(spec),
        code=spec.code,
        name=spec.name,
        description=spec.description,
        kind=spec.kind,
        sale=Price(spec.price, books.chart[spec.role].id, sale_tax),
        purchase=Price(spec.cost, books.chart[bought].id, books.tax_by_code[tax].id)
        if spec.cost
        else None,
    )


def _open_bank_accounts(books: Books, moment: int) -> None:
    institution, number, sort_code, iban = books.profile.bank
    for role, kind, limit in (("bank", "current", 500_000), ("savings", "savings", 0)):
        account = books.chart[role]
        own = kind == "current"
        books.bank_accounts.put(
            BankAccount(
                id=account.id,
                account=account,
                name=account.name,
                kind=kind,
                number=number if own else f"{int(number or 0) + 17:08d}",
                sort_code=sort_code,
                iban=iban if own else None,
                institution=institution or "",
                overdraft_limit=limit,
            ),
            moment,
        )
    card = books.chart["card"]
    books.bank_accounts.put(
        BankAccount(
            id=card.id,
            account=card,
            name=card.name,
            kind="credit_card",
            number="•••• 4021",
            sort_code=None,
            iban=None,
            institution=institution or "",
            overdraft_limit=1_500_000,
        ),
        moment,
    )


def _bring_forward(books: Books, moment: int) -> None:
    profile, level = books.profile, books.profile.typical_sales
    stock = int(1.2 * profile.cost_share * level)
    amounts = {
        "bank": 2 * level,
        "savings": level // 2,
        "inventory": stock,
        "equipment": profile.equipment,
        "wear": -profile.equipment // 4,
        "loan": -profile.loan,
        "capital": -10_000,
    }
    amounts["retained"] = -sum(amounts.values())
    books.loan_left = profile.loan
    enter(books, moment, amounts, "Opening balances", kind="deposit")


def _open_document(books: Books, moment: int, side: Side, number: int) -> None:
    """Bring forward what was already owed, against the profit of earlier years."""
    pool = books.customer_pool if side is SALES else books.supplier_pool["inventory"]
    contact = side.contact_log(books).get(pool[number % len(pool)])
    if contact is None or contact.currency != books.profile.currency:
        return
    line = documents.make_line(
        books,
        description="Brought forward",
        quantity=100,
        unit_price=books.profile.typical_invoice // (number + 1),
        account=books.chart["retained"],
        tax_rate_id=books.tax_by_code[books.profile.no_tax].id,
    )
    document = documents.make(books, moment, side, contact, (line,))
    document = documents.submit(books, moment, side, document)
    plan_outcome(books, moment + DAY + number * HOUR, side, document)
