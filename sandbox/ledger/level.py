"""How large things are, given how the business has been doing: amounts follow recent sales."""

import math

from sandbox.ledger import moments
from sandbox.ledger.books import Books

OVERHEADS = {
    "utilities": 1.0,
    "repairs": 0.9,
    "marketing": 1.6,
    "professional": 1.8,
    "software": 0.7,
    "insurance": 1.1,
    "travel": 0.6,
    "freight": 0.8,
}
STOCK_BILLS = 0.4
_OVERHEAD_SHARE = 0.11
_GROWS_FOR_MONTHS = 60


def pace(books: Books, day: int) -> float:
    """Tell how busy the day's month is, against an average month of the first year."""
    profile = books.profile
    month = moments.month_of(day)
    age = min(month - moments.month_of(books.epoch), _GROWS_FOR_MONTHS)
    return profile.season[month % 12] * (1 + profile.growth) ** age


def liveliness(books: Books, day: int) -> float:
    return books.profile.live if day >= books.live_from else 1.0


def recent_sales(books: Books) -> int:
    """Average the sales of the last three complete months."""
    month = moments.month_of(books.day + 1)
    if month - 3 < moments.month_of(books.epoch):
        return books.profile.typical_sales
    roles = ("goods", "services", "delivery")
    ledger = books.totals.live.ledger
    sold = -sum(
        ledger.get((books.chart[role].id, month - back), 0) for role in roles for back in (1, 2, 3)
    )
    return max(sold // 3, books.profile.typical_sales // 4)


def invoice_amount(books: Books, customer_id: str) -> int:
    """Draw an amount; customers who order more often order more, too."""
    place = int(customer_id[-6:])
    size = 0.7 + 1.1 * math.exp(-place / max(2.0, books.profile.customers / 8))
    drawn = books.rng.lognormvariate(-0.18, 0.6)
    growth = pace(books, books.day + 1) ** 0.5 / liveliness(books, books.day + 1)
    return max(500, int(books.profile.typical_invoice * size * drawn * growth))


def bill_amount(books: Books, role: str) -> int:
    profile = books.profile
    level = recent_sales(books) / liveliness(books, books.day + 1)
    if role == "inventory":
        wanted = 1.2 * profile.cost_share * recent_sales(books)
        short = 1 + 0.6 * (wanted - books.balance("inventory")) / max(wanted, 1)
        typical = profile.cost_share * level * min(max(short, 0.2), 2.2)
        typical /= profile.bills * STOCK_BILLS
        drawn = books.rng.lognormvariate(-0.08, 0.4)
    else:
        mean = sum(OVERHEADS.values()) / len(OVERHEADS)
        typical = _OVERHEAD_SHARE * level * OVERHEADS.get(role, 1.0) / mean
        typical /= profile.bills * (1 - STOCK_BILLS)
        drawn = books.rng.lognormvariate(-0.25, 0.7)
    return max(300, int(typical * drawn))
