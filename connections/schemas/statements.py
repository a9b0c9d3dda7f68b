"""The three financial statements, each one record holding its periods, newest first."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from connections.schemas.base import Listing, Record, Shape
from connections.schemas.data_types import DataType

ReportBasis = Literal["Unknown", "Accrual", "Cash"]


class ReportLine(Shape, frozen=True, kw_only=True):
    """A line of a statement; its value is the sum of its items where it has any."""

    account_id: str | None = None
    name: str | None = None
    value: Decimal
    items: tuple["ReportLine", ...] | None = None


class BalanceSheetPeriod(Shape, frozen=True, kw_only=True):
    date: date
    assets: ReportLine | None = None
    liabilities: ReportLine | None = None
    net_assets: Decimal
    equity: ReportLine | None = None


class BalanceSheet(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.BALANCE_SHEET

    currency: str | None = None
    reports: tuple[BalanceSheetPeriod, ...]
    most_recent_available_month: date | None = None
    earliest_available_month: date | None = None

    def listing(self) -> Listing:
        newest = self.reports[0] if self.reports else None
        return Listing(
            label="Balance sheet",
            dated_on=newest.date if newest else None,
            amount=newest.net_assets if newest else None,
            currency=self.currency,
        )


class ProfitAndLossPeriod(Shape, frozen=True, kw_only=True):
    from_date: date
    to_date: date
    income: ReportLine | None = None
    cost_of_sales: ReportLine | None = None
    gross_profit: Decimal
    expenses: ReportLine | None = None
    net_operating_profit: Decimal
    other_expenses: ReportLine | None = None
    other_income: ReportLine | None = None
    net_other_income: Decimal
    net_profit: Decimal


class ProfitAndLoss(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.PROFIT_AND_LOSS

    reports: tuple[ProfitAndLossPeriod, ...]
    report_basis: ReportBasis
    currency: str | None = None
    most_recent_available_month: date | None = None
    earliest_available_month: date | None = None

    def listing(self) -> Listing:
        newest = self.reports[0] if self.reports else None
        return Listing(
            label="Profit and loss",
            dated_on=newest.to_date if newest else None,
            amount=newest.net_profit if newest else None,
            currency=self.currency,
        )


class CashFlowPeriod(Shape, frozen=True, kw_only=True):
    from_date: date
    to_date: date
    cash_receipts: ReportLine | None = None
    cash_payments: ReportLine | None = None

    @property
    def net_cash(self) -> Decimal:
        received = self.cash_receipts.value if self.cash_receipts else Decimal()
        paid = self.cash_payments.value if self.cash_payments else Decimal()
        return received - paid


class CashFlowStatement(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.CASH_FLOW_STATEMENT

    reports: tuple[CashFlowPeriod, ...]
    report_basis: ReportBasis
    report_input: Literal["Unknown", "Indirect", "Direct"]
    currency: str | None = None
    most_recent_available_month: date | None = None
    earliest_available_month: date | None = None

    def listing(self) -> Listing:
        newest = self.reports[0] if self.reports else None
        return Listing(
            label="Cash flow statement",
            dated_on=newest.to_date if newest else None,
            amount=newest.net_cash if newest else None,
            currency=self.currency,
        )
