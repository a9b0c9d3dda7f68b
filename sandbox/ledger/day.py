"""One day in the life of a business: what is planned for it in the morning."""

import math

from msgspec.structs import replace

from sandbox.ledger import documents, moments, trading
from sandbox.ledger.books import Books
from sandbox.ledger.contacts import (
    add_customer,
    add_mistaken_customer,
    archive_customer,
    change_contact,
)
from sandbox.ledger.level import OVERHEADS, STOCK_BILLS, liveliness, pace
from sandbox.ledger.moments import DAY, HOUR, MINUTE
from sandbox.ledger.oddities import plan_oddities
from sandbox.ledger.opening import open_books
from sandbox.ledger.profile import item_id
from sandbox.ledger.routines import buy_by_card, plan_month_day, reconcile
from sandbox.ledger.sides import PURCHASES, SALES

_DAYS_PER_MONTH = 30.44


def begin_day(books: Books, day: int) -> None:
    profile = books.profile
    if day == books.epoch:
        open_books(books)
    plan_month_day(books, day)
    books.at(moments.day_start(day) + 9 * HOUR + 40 * MINUTE, reconcile)
    live = liveliness(books, day)
    week = 5 + 2 * profile.weekend
    daily = live * 7 / week * (profile.weekend if is_weekend(day) else 1) / _DAYS_PER_MONTH
    for _ in range(_poisson(books, profile.invoices * daily * pace(books, day))):
        books.at(_business_moment(books, day), trading.new_invoice)
    roles = [role for role in OVERHEADS if role in profile.suppliers]
    for _ in range(_poisson(books, profile.bills * daily)):
        stock = books.chance(STOCK_BILLS)
        role = "inventory" if stock else books.rng.choice(roles)
        books.at(_business_moment(books, day), trading.new_bill, role=role)
    for _ in range(_poisson(books, profile.card_purchases * daily)):
        books.at(_business_moment(books, day), buy_by_card)
    for _ in range(_poisson(books, profile.new_customers / _DAYS_PER_MONTH)):
        books.at(_business_moment(books, day), add_customer)
    _plan_rent(books, day)
    _plan_churn(books, day, live)
    if profile.oddities:
        plan_oddities(books, day)


def is_weekend(day: int) -> bool:
    return day % 7 in {6, 0}


def enter_passing_draft(books: Books, moment: int) -> None:
    """Enter a draft that is edited and then dropped, as when somebody makes up an offer."""
    contact = books.customers.get(books.rng.choice(books.customer_pool))
    if contact is None:
        return
    amount = books.profile.typical_invoice // 2
    lines = trading.sales_lines(books, contact, amount)
    document = documents.make(books, moment, SALES, contact, lines)
    documents.keep_draft(books, moment, SALES, document)
    note = books.rng.choice(trading.NOTES)
    edited_at = moment + books.rng.randint(6, 40) * MINUTE
    books.at(edited_at, documents.edit_note, SALES, document.id, note)
    books.at(edited_at + books.rng.randint(10, 90) * MINUTE, documents.delete, SALES, document.id)


def change_price(books: Books, moment: int) -> None:
    item = books.items.get(item_id(books.rng.choice(books.catalog)))
    if item is None or item.sale is None:
        return
    price = max(1, round(item.sale.price * books.rng.uniform(0.96, 1.06)))
    books.items.put(replace(item, sale=replace(item.sale, price=price)), moment)


def mistake_customer(books: Books, moment: int) -> None:
    key = add_mistaken_customer(books, moment)
    books.at(moment + books.rng.randint(20, 300) * MINUTE, _delete_customer, key)


def _delete_customer(books: Books, moment: int, key: str) -> None:
    books.customers.remove(key, moment)


def _plan_rent(books: Books, day: int) -> None:
    if day == moments.month_start(moments.month_of(day)):
        books.at(moments.day_start(day) + 8 * HOUR, _bill_rent)


def _bill_rent(books: Books, moment: int) -> None:
    profile = books.profile
    contact = books.suppliers.get(books.supplier_pool["rent"][0])
    if contact is None:
        return
    line = documents.make_line(
        books,
        description="Rent",
        quantity=100,
        unit_price=profile.rent,
        account=books.chart["rent"],
        tax_rate_id=books.tax_by_code[profile.no_tax].id,
    )
    document = documents.make(books, moment, PURCHASES, contact, (line,))
    document = documents.submit(books, moment, PURCHASES, document)
    books.at(moment + 3 * DAY, trading.pay_document, PURCHASES, document.id)


def _plan_churn(books: Books, day: int, live: float) -> None:
    """Plan changes that move no money; since the first start there are more of them."""
    lively = books.profile.churn if live > 1 else 0.1
    for _ in range(_poisson(books, lively)):
        books.at(books.moment_within(day, 0, 23.9), enter_passing_draft)
    for _ in range(_poisson(books, lively / 3)):
        books.at(books.moment_within(day, 0, 23.9), change_contact)
    if books.chance(0.03 * live):
        books.at(books.moment_within(day, 8, 18), change_price)
    if books.chance(0.05 * live):
        books.at(books.moment_within(day, 6, 18), mistake_customer)
    if books.chance(0.012):
        books.at(books.moment_within(day, 6, 18), archive_customer)


def _business_moment(books: Books, day: int) -> int:
    """Draw a moment, mostly in working hours, at times at night: orders come in by themselves."""
    if books.chance(0.3):
        return books.moment_within(day, 0.2, 23.8)
    return books.moment_within(day, 7, 19)


def _poisson(books: Books, mean: float) -> int:
    limit, count, product = math.exp(-mean), 0, books.rng.random()
    while product > limit:
        count += 1
        product *= books.rng.random()
    return count
