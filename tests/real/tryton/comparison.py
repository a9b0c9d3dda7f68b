"""Our statements beside Tryton's own and hledger's, figure by figure."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from companies.models import Company
from connections.models import Connection
from connections.schemas import BalanceSheet, DataType, ProfitAndLoss, decode
from connections.schemas.statements import ProfitAndLossPeriod, ReportLine
from sync.figures import Figure, key_figures
from sync.models import Record
from tests.real.ledger import Ledger
from tests.real.tryton import story
from tests.real.tryton.statements import Statements

#: The account of the story that is no part of the operating profit.
_INTEREST = "6.2.6"
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure from three sides; hledger adds up what was pulled, for the longer spans."""

    what: str
    ours: Decimal
    tryton: Decimal
    hledger: Decimal | None = None

    @property
    def agrees(self) -> bool:
        return self.ours == self.tryton and self.hledger in {None, self.ours}

    def __str__(self) -> str:
        ledger = "" if self.hledger is None else f"{self.hledger:,.2f}"
        mark = "" if self.agrees else "  DIFFERS"
        return f"{self.what:<56}{self.ours:>14,.2f}{self.tryton:>14,.2f}{ledger:>14}{mark}"


def stored(connection: Connection, data_type: DataType) -> list[dict[str, Any]]:
    """Return what was pulled and is not deleted, as canonical JSON; money is Decimal."""
    records = Record.objects.of(connection.pk, data_type).filter(is_deleted=False)
    return [json.loads(each.body, parse_float=Decimal) for each in records.order_by("source_id")]


class Comparison:
    """Compares everything the statements say, for one connection after a pull."""

    def __init__(
        self, company: Company, connection: Connection, tryton: Statements, path: Path
    ) -> None:
        self.company = company
        self.connection = connection
        self.tryton = tryton
        self.income = _single(connection, DataType.PROFIT_AND_LOSS, ProfitAndLoss)
        self.sheets = _single(connection, DataType.BALANCE_SHEET, BalanceSheet)
        accounts = stored(connection, DataType.CHART_OF_ACCOUNTS)
        self.ledger = Ledger(
            stored(connection, DataType.JOURNAL_ENTRIES),
            accounts,
            currency=story.CURRENCY,
            path=path,
        )
        (self.interest,) = (each["id"] for each in accounts if each["nominalCode"] == _INTEREST)

    def rows(self) -> list[Row]:
        return [
            *self._years(),
            *self._months(),
            *self._sheets(),
            *self._key_figures(),
            *self._open_documents(),
        ]

    def _years(self) -> Iterable[Row]:
        for name in sorted(self.tryton.fiscal_years()):
            own = [each for each in self.income.reports if each.to_date.year == int(name)]
            theirs = self.tryton.of_year(name)
            first, last = dt.date(int(name), 1, 1), dt.date(int(name), 12, 31)
            added = self.ledger.between(first, last)
            for what, ours, tryton, ledger in (
                ("revenue", sum(map(_income, own)), theirs.revenue, added.revenue),
                ("expenses", sum(map(_expenses, own)), theirs.expenses, added.expenses),
                ("profit", sum(each.net_profit for each in own), theirs.profit, added.profit),
            ):
                row = Row(what=f"{name} {what}", ours=Decimal(ours), tryton=tryton, hledger=ledger)
                yield row

    def _months(self) -> Iterable[Row]:
        for each in self.income.reports:
            theirs = self.tryton.between(each.from_date, each.to_date)
            month = f"{each.from_date:%Y-%m}"
            yield Row(what=f"{month} revenue", ours=_income(each), tryton=theirs.revenue)
            yield Row(what=f"{month} expenses", ours=_expenses(each), tryton=theirs.expenses)

    def _sheets(self) -> Iterable[Row]:
        for each in self.sheets.reports:
            theirs = self.tryton.on(each.date)
            added = self.ledger.on(each.date)
            for what, ours, tryton, ledger in (
                ("assets", _value(each.assets), theirs.assets, added.assets),
                ("liabilities", _value(each.liabilities), theirs.liabilities, added.liabilities),
                ("equity", _value(each.equity), theirs.equity, added.equity),
                ("net assets", each.net_assets, theirs.equity, added.equity),
            ):
                yield Row(what=f"{each.date} {what}", ours=ours, tryton=tryton, hledger=ledger)

    def _key_figures(self) -> Iterable[Row]:
        """Compare what the company's page shows."""
        figures = key_figures(self.company)
        first, last = _span(figures.revenue)
        theirs, added = self.tryton.between(first, last), self.ledger.between(first, last)
        interest = self.ledger.of_account(self.interest, first, last)
        operating = added.profit + interest
        equity_on = _span(figures.equity)[1]
        for figure, tryton, ledger in (
            (figures.revenue, theirs.revenue, added.revenue),
            (figures.operating_profit, theirs.operating_profit, operating),
            (
                figures.equity,
                self.tryton.on(equity_on).equity,
                self.ledger.on(equity_on).equity,
            ),
        ):
            assert figure.amount is not None, figure.period
            what = f"Summary: {figure.label}, {figure.period}"
            yield Row(what=what, ours=figure.amount, tryton=tryton, hledger=ledger)

    def _open_documents(self) -> Iterable[Row]:
        """Compare what is due on documents with the accounts that they are booked to."""
        today = self.sheets.reports[0].date
        for what, sign, invoices, notes in (
            ("receivable", 1, DataType.INVOICES, DataType.CREDIT_NOTES),
            ("payable", -1, DataType.BILLS, DataType.BILL_CREDIT_NOTES),
        ):
            balances = self.tryton.balances(what, today)
            added = sum(self.ledger.on_account(str(each), today) for each in balances)
            due = _due(stored(self.connection, invoices), "amountDue")
            left = _due(stored(self.connection, notes), "remainingCredit")
            yield Row(
                what=f"{today} open documents, {what}",
                ours=due - left,
                tryton=sign * sum(balances.values(), Decimal()),
                hledger=sign * Decimal(added),
            )


def table(rows: Iterable[Row]) -> str:
    head = f"{'':<56}{'Ledgerport':>14}{'Tryton':>14}{'hledger':>14}"
    return "\n".join([head, *map(str, rows)])


def _single[S: (ProfitAndLoss, BalanceSheet)](
    connection: Connection, data_type: DataType, kind: type[S]
) -> S:
    record = Record.objects.of(connection.pk, data_type).get()
    return decode(kind, record.body)


def _span(figure: Figure) -> tuple[dt.date, dt.date]:
    assert figure.first_day is not None, figure.period
    assert figure.last_day is not None
    return figure.first_day, figure.last_day


def _due(documents: Iterable[Mapping[str, Any]], field: str) -> Decimal:
    """Add up, in the company's currency, what is open of documents that are in force."""
    return sum(
        (
            (Decimal(each[field]) * Decimal(each.get("currencyRate") or 1)).quantize(_CENT)
            for each in documents
            if each["status"] not in {"Draft", "Void"}
        ),
        Decimal(),
    )


def _income(period: ProfitAndLossPeriod) -> Decimal:
    return _value(period.income) + _value(period.other_income)


def _expenses(period: ProfitAndLossPeriod) -> Decimal:
    parts = (period.cost_of_sales, period.expenses, period.other_expenses)
    return sum(map(_value, parts), Decimal())


def _value(line: ReportLine | None) -> Decimal:
    return line.value if line else Decimal()


def changed(connection: Connection, pulls: Mapping[str, UUID]) -> dict[str, dict[str, bool]]:
    """Return by type what pulls changed: the records' ids, and whether each is deleted now."""
    found: dict[str, dict[str, bool]] = {}
    for data_type, pull in pulls.items():
        records = Record.objects.of(connection.pk, data_type).filter(pull_id=pull)
        ids = dict(records.order_by("source_id").values_list("source_id", "is_deleted"))
        if ids:
            found[data_type] = ids
    return found
