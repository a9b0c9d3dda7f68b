"""Sandbox reports → canonical financial statements, with the figures that follow from them."""

from decimal import Decimal

from connections.platforms.errors import Unexpected
from connections.platforms.sandbox import wire
from connections.schemas import (
    BalanceSheet,
    CashFlowStatement,
    DataType,
    ProfitAndLoss,
    ReportLine,
    single_id,
)
from connections.schemas.statements import (
    BalanceSheetPeriod,
    CashFlowPeriod,
    ProfitAndLossPeriod,
    ReportBasis,
)

_BASIS: dict[str, ReportBasis] = {"accrual": "Accrual", "cash": "Cash"}


def balance_sheet(report: wire.Report[wire.BalanceSheetPeriod]) -> BalanceSheet:
    return BalanceSheet(
        id=single_id(DataType.BALANCE_SHEET),
        currency=report.currency,
        reports=tuple(
            BalanceSheetPeriod(
                date=period.date,
                assets=_line(period.assets),
                liabilities=_line(period.liabilities),
                net_assets=period.assets.total - period.liabilities.total,
                equity=_line(period.equity),
            )
            for period in sorted(report.periods, key=lambda period: period.date, reverse=True)
        ),
        most_recent_available_month=report.latest,
        earliest_available_month=report.earliest,
    )


def profit_and_loss(report: wire.Report[wire.ProfitAndLossPeriod]) -> ProfitAndLoss:
    return ProfitAndLoss(
        id=single_id(DataType.PROFIT_AND_LOSS),
        reports=tuple(
            _profit_and_loss_period(period)
            for period in sorted(report.periods, key=lambda period: period.to, reverse=True)
        ),
        report_basis=_BASIS.get(report.basis, "Unknown"),
        currency=report.currency,
        most_recent_available_month=report.latest,
        earliest_available_month=report.earliest,
    )


def cash_flow_statement(report: wire.Report[wire.CashFlowPeriod]) -> CashFlowStatement:
    return CashFlowStatement(
        id=single_id(DataType.CASH_FLOW_STATEMENT),
        reports=tuple(
            CashFlowPeriod(
                from_date=period.from_,
                to_date=period.to,
                cash_receipts=_line(period.receipts),
                cash_payments=_line(period.payments),
            )
            for period in sorted(report.periods, key=lambda period: period.to, reverse=True)
        ),
        report_basis=_BASIS.get(report.basis, "Unknown"),
        # Receipts and payments by what they were for: the direct method.
        report_input="Direct",
        currency=report.currency,
        most_recent_available_month=report.latest,
        earliest_available_month=report.earliest,
    )


def _profit_and_loss_period(period: wire.ProfitAndLossPeriod) -> ProfitAndLossPeriod:
    gross_profit = period.income.total - period.cost_of_sales.total
    net_operating_profit = gross_profit - period.expenses.total
    net_other_income = period.other_income.total - period.other_expenses.total
    return ProfitAndLossPeriod(
        from_date=period.from_,
        to_date=period.to,
        income=_line(period.income),
        cost_of_sales=_line(period.cost_of_sales),
        gross_profit=gross_profit,
        expenses=_line(period.expenses),
        net_operating_profit=net_operating_profit,
        other_expenses=_line(period.other_expenses),
        other_income=_line(period.other_income),
        net_other_income=net_other_income,
        net_profit=net_operating_profit + net_other_income,
    )


def _line(section: wire.Section) -> ReportLine:
    """Return a section as a line.

    :raises Unexpected: when it is not the sum of its rows, or no number at all.
    """
    rows = section.rows
    if not section.total.is_finite() or (
        rows and section.total != sum((row.total for row in rows), Decimal())
    ):
        raise Unexpected(
            "Sandbox sent a statement that does not add up.",
            detail=f"{section.name!r}: {section.total} is not the sum of {len(rows)} rows",
        )
    return ReportLine(
        account_id=section.account_id,
        name=section.name,
        value=section.total,
        items=tuple(_line(row) for row in rows) if rows else None,
    )
