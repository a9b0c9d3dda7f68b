"""What happens every month: payroll, loan, depreciation, cost of sales, tax, card, dividends."""

from collections.abc import Callable

from sandbox.ledger import moments
from sandbox.ledger.books import Books
from sandbox.ledger.cash import enter, transfer
from sandbox.ledger.level import recent_sales
from sandbox.ledger.moments import HOUR

_EMPLOYEE_TAX = 0.22
_EMPLOYER_TAX = 0.11
_EQUIPMENT_LIFE_MONTHS = 84
_SAVINGS_RATE = 0.021
_QUARTER = 3
_NOT_RECONCILED = 0.03


def plan_month_day(books: Books, day: int) -> None:
    """Schedule the routines of this day of the month."""
    month = moments.month_of(day)
    in_month = day - moments.month_start(month) + 1
    start = moments.day_start(day)
    for hour, routine in _ROUTINES.get(in_month, ()):
        books.at(start + hour * HOUR, routine)


def close_month(books: Books, moment: int) -> None:
    """Enter what last month's goods cost and how much its equipment wore."""
    month = moments.month_of(moments.day_of(moment)) - 1
    if month < moments.month_of(books.epoch):
        return
    day = moments.month_end(month)
    sold = -books.totals.live.ledger.get((books.chart["goods"].id, month), 0)
    used = int(sold * books.profile.cost_share * books.rng.uniform(0.93, 1.07))
    used = min(used, books.balance("inventory"))
    name = moments.month_text(month)
    if used > 0:
        enter(books, moment, {"cost": used, "inventory": -used}, f"Goods sold {name}", day=day)
    wear = min(
        books.profile.equipment // _EQUIPMENT_LIFE_MONTHS,
        books.balance("equipment") + books.balance("wear"),
    )
    enter(books, moment, {"depreciation": wear, "wear": -wear}, f"Depreciation {name}", day=day)


def keep_reserve(books: Books, moment: int) -> None:
    """Move spare money to savings; when short take it back, then lend the business some."""
    level = recent_sales(books)
    held, saved = books.balance("bank"), books.balance("savings")
    if held < level // 2:
        back = min(saved, level - held)
        transfer(books, moment, back, giver="savings", taker="bank", description="From savings")
        if held + back < level // 4:
            lent = level - held - back
            amounts = {"bank": lent, "owner_loan": -lent}
            enter(books, moment, amounts, "Loan from owner", source="bank", kind="deposit")
    elif held > 3 * level:
        spare = (held - 2 * level) // 2
        transfer(books, moment, spare, giver="bank", taker="savings", description="To savings")


def repay_loan(books: Books, moment: int) -> None:
    if books.loan_left <= 0:
        return
    interest = round(books.loan_left * books.profile.loan_rate / 12)
    principal = min(books.loan_left, books.profile.loan // books.profile.loan_months)
    books.loan_left -= principal
    amounts = {"loan": principal, "loan_interest": interest, "bank": -principal - interest}
    enter(books, moment, amounts, "Loan repayment", source="bank", kind="direct_debit")


def settle_tax(books: Books, moment: int) -> None:
    """Pay the tax collected up to the period's end, or get back what was overpaid."""
    month = moments.month_of(moments.day_of(moment)) - 1
    if (month + 1) % books.profile.tax_period:
        return
    account_id = books.chart["tax"].id
    due = -sum(
        amount
        for (key, cell), amount in books.totals.live.ledger.items()
        if key == account_id and cell <= month
    )
    amounts = {"tax": due, "bank": -due}
    enter(books, moment, amounts, books.profile.tax_authority, source="bank", kind="direct_debit")


def pay_card(books: Books, moment: int) -> None:
    owed = -books.balance("card")
    transfer(books, moment, owed, giver="bank", taker="card", description="Card statement")


def pay_payroll_tax(books: Books, moment: int) -> None:
    due = -books.balance("payroll_tax")
    if due > 0:
        amounts = {"payroll_tax": due, "bank": -due}
        enter(books, moment, amounts, "Payroll taxes", source="payroll", kind="direct_debit")


def run_payroll(books: Books, moment: int) -> None:
    profile = books.profile
    people = max(2, round(profile.wage_share * recent_sales(books) / profile.salary))
    gross = int(people * profile.salary * books.rng.uniform(0.98, 1.04))
    withheld, on_top = int(gross * _EMPLOYEE_TAX), int(gross * _EMPLOYER_TAX)
    enter(
        books,
        moment,
        {
            "wages": gross,
            "employer_tax": on_top,
            "wages_due": withheld - gross,
            "payroll_tax": -withheld - on_top,
        },
        f"Payroll of {people} people",
        source="payroll",
    )
    paid = gross - withheld
    amounts = {"wages_due": paid, "bank": -paid}
    books.at(moment + HOUR, enter, amounts, "Salaries", source="payroll", kind="payment")


def bank_charges(books: Books, moment: int) -> None:
    fee = books.rng.randint(900, 4_500)
    amounts = {"bank_fees": fee, "bank": -fee}
    enter(books, moment, amounts, "Account fee", source="bank", kind="fee")
    interest = round(books.balance("savings") * _SAVINGS_RATE / 12)
    if interest > 0:
        amounts = {"savings": interest, "interest_earned": -interest}
        enter(books, moment, amounts, "Interest", source="bank", kind="interest")


def pay_dividend(books: Books, moment: int) -> None:
    """Share out, each quarter, part of what is more than the business needs."""
    if (moments.month_of(moments.day_of(moment)) + 1) % _QUARTER:
        return
    spare = books.balance("bank") + books.balance("savings") - 2 * recent_sales(books)
    if spare > 0:
        amounts = {"dividends": spare // 4, "bank": -(spare // 4)}
        enter(books, moment, amounts, "Dividend", source="bank", kind="payment")


def buy_by_card(books: Books, moment: int) -> None:
    role = books.rng.choice(("travel", "travel", "software", "marketing", "repairs"))
    amount = int(books.rng.lognormvariate(8.2, 0.8)) + 100
    shop = books.rng.choice(("Rail tickets", "Fuel", "Hosting", "Advert", "Hardware shop", "Lunch"))
    amounts = {role: amount, "card": -amount}
    enter(books, moment, amounts, shop, source="bank", kind="card")


def reconcile(books: Books, moment: int) -> None:
    """Tick off yesterday's bank lines, all but a few."""
    left: list[str] = []
    for key in books.unreconciled:
        line = books.bank_transactions.get(key)
        if line is None:
            continue
        if line.date >= moments.day_of(moment) or books.chance(_NOT_RECONCILED):
            left.append(key)
            continue
        ticked = type(line)(
            line.id,
            line.bank_account_id,
            line.date,
            line.description,
            line.amount,
            line.balance,
            line.kind,
            True,  # noqa: FBT003 - positional like the others, for speed
        )
        books.bank_transactions.put(ticked, moment)
    books.unreconciled = left


# By day of the month, with the hour.
_ROUTINES: dict[int, tuple[tuple[int, Callable[[Books, int], None]], ...]] = {
    1: ((6, close_month),),
    2: ((7, keep_reserve),),
    5: ((5, repay_loan),),
    7: ((9, settle_tax),),
    15: ((8, pay_card),),
    19: ((9, pay_payroll_tax),),
    25: ((10, run_payroll),),
    28: ((4, bank_charges), (11, pay_dividend)),
}
