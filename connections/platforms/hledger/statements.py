"""Balance sheet and profit and loss, summed up from a journal: month by month, newest first."""

import calendar
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal

from connections.platforms.hledger.journal import Journal
from connections.platforms.hledger.mapping import natural
from connections.schemas import BalanceSheet, DataType, ProfitAndLoss, single_id
from connections.schemas.ledger import AccountType
from connections.schemas.statements import BalanceSheetPeriod, ProfitAndLossPeriod, ReportLine

MONTHS = 24
_RESULT = frozenset({"Income", "Expense"})

type _Month = tuple[int, int]
type _Sums = dict[str, Decimal]


class NoType(ValueError):
    """An account is neither asset nor liability, equity, income nor expense."""


def balance_sheet(journal: Journal) -> BalanceSheet:
    """:raises NoType: when a posted account has no type: the sheet would not balance."""
    posted = _by_month(journal)
    return BalanceSheet(
        id=single_id(DataType.BALANCE_SHEET),
        currency=journal.currency,
        reports=tuple(_sheet(journal, posted, month) for month in _months(posted)),
        most_recent_available_month=_first_day(max(posted)) if posted else None,
        earliest_available_month=_first_day(min(posted)) if posted else None,
    )


def profit_and_loss(journal: Journal) -> ProfitAndLoss:
    """:raises NoType: when a posted account has no type: something might be missing."""
    posted = _by_month(journal)
    return ProfitAndLoss(
        id=single_id(DataType.PROFIT_AND_LOSS),
        report_basis="Accrual",
        currency=journal.currency,
        reports=tuple(_result(journal, posted.get(month, {}), month) for month in _months(posted)),
        most_recent_available_month=_first_day(max(posted)) if posted else None,
        earliest_available_month=_first_day(min(posted)) if posted else None,
    )


def _sheet(journal: Journal, posted: dict[_Month, _Sums], month: _Month) -> BalanceSheetPeriod:
    sums: _Sums = defaultdict(Decimal)
    for each, accounts in posted.items():
        if each <= month:
            for account, amount in accounts.items():
                sums[account] += amount
    # hledger closes no year by itself: what was earned so far is equity all the same.
    earned = -sum(
        (amount for account, amount in sums.items() if journal.account_type(account) in _RESULT),
        Decimal(),
    )
    assets = _section(journal, "Assets", "Asset", sums)
    liabilities = _section(journal, "Liabilities", "Liability", sums)
    equity = _section(journal, "Equity", "Equity", sums)
    result = ReportLine(name="Result to date", value=earned)
    return BalanceSheetPeriod(
        date=_last_day(month),
        assets=assets,
        liabilities=liabilities,
        net_assets=assets.value - liabilities.value,
        equity=ReportLine(
            name="Equity", value=equity.value + earned, items=(*(equity.items or ()), result)
        ),
    )


def _result(journal: Journal, sums: _Sums, month: _Month) -> ProfitAndLossPeriod:
    income = _section(journal, "Income", "Income", sums)
    expenses = _section(journal, "Expenses", "Expense", sums)
    profit = income.value - expenses.value
    return ProfitAndLossPeriod(
        from_date=_first_day(month),
        to_date=_last_day(month),
        income=income,
        gross_profit=income.value,
        expenses=expenses,
        net_operating_profit=profit,
        net_other_income=Decimal(),
        net_profit=profit,
    )


def _section(journal: Journal, name: str, kind: AccountType, sums: _Sums) -> ReportLine:
    items = tuple(
        ReportLine(account_id=account, name=account, value=natural(kind, amount))
        for account, amount in sorted(sums.items())
        if amount and journal.account_type(account) == kind
    )
    total = sum((item.value for item in items), Decimal())
    return ReportLine(name=name, value=total, items=items or None)


def _by_month(journal: Journal) -> dict[_Month, _Sums]:
    posted: dict[_Month, _Sums] = defaultdict(lambda: defaultdict(Decimal))
    for transaction, entry in journal.readable():
        month = posted[transaction.tdate.year, transaction.tdate.month]
        for each in entry:
            account = each.posting.paccount
            if journal.account_type(account) == "Unknown" and each.amount:
                raise NoType(f"{account} has no type.")
            month[account] += each.amount
    return posted


def _months(posted: Collection[_Month]) -> Iterator[_Month]:
    """Yield the months from the last one posted to back to the first, newest first."""
    if not posted:
        return
    year, month = max(posted)
    for _ in range(MONTHS):
        if (year, month) < min(posted):
            return
        yield year, month
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)


def _first_day(month: _Month) -> date:
    return date(*month, 1)


def _last_day(month: _Month) -> date:
    return date(*month, calendar.monthrange(*month)[1])
