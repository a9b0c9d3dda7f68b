"""Revenue, operating profit and equity, as the financial statements that were pulled say.

Revenue and operating profit are sums over the latest twelve complete months; equity is that of the
newest balance sheet. Nothing is computed from documents: each figure can be found again, to the
cent, in the statement it links to.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from companies.models import Company
from connections.models import Connection
from connections.schemas import BalanceSheet, DataType, ProfitAndLoss, decode
from connections.schemas.statements import BalanceSheetPeriod, ProfitAndLossPeriod
from portal.templatetags.charts import Month
from sync import schedule
from sync.models import DataStatus, Record

_YEAR = 12
_APART = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The stored statement a figure came from."""

    connection_id: UUID
    data_type: DataType
    record_id: str
    #: The pull that last brought a change, and when the statement was last seen to be so.
    pull_id: UUID
    pulled_at: dt.datetime
    #: Older than its schedule allows.
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One key figure; without an amount, `period` says why there is none."""

    label: str
    amount: Decimal | None = None
    previous: Decimal | None = None
    period: str
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    currency: str = ""
    series: tuple[Decimal, ...] = ()
    source: Source | None = None

    @property
    def data_type(self) -> DataType | None:
        """The statement to open for it."""
        return self.source.data_type if self.source else None

    @property
    def change(self) -> str:
        """The change from the period before, where that can be said as a percentage."""
        if self.amount is None or not self.previous or self.previous < 0:
            return ""
        percent = (self.amount - self.previous) * 100 / self.previous
        return f"{abs(percent):.1f}%"

    @property
    def direction(self) -> str:
        is_up = self.amount is not None and self.amount >= (self.previous or 0)
        return "up" if is_up else "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """What the summary of a company shows first."""

    revenue: Figure
    operating_profit: Figure
    equity: Figure
    months: list[Month] = field(default_factory=list)
    #: What to know before comparing them: one is old, or they are of different times.
    note: str = ""

    @property
    def cards(self) -> list[Figure]:
        return [self.revenue, self.operating_profit, self.equity]

    @property
    def currency(self) -> str:
        return self.revenue.currency


def key_figures(company: Company) -> KeyFigures:
    """Read the newest statements of the company's accounting connection."""
    statuses = _statuses(company)
    income, income_source = _statement(statuses, DataType.PROFIT_AND_LOSS, ProfitAndLoss)
    sheet, sheet_source = _statement(statuses, DataType.BALANCE_SHEET, BalanceSheet)
    months = _complete_months(income, income_source)
    latest, before = months[:_YEAR], months[_YEAR : 2 * _YEAR]
    return KeyFigures(
        revenue=_over_months(_("Revenue"), income, income_source, latest, before, value=_revenue),
        operating_profit=_over_months(
            _("Operating profit"), income, income_source, latest, before, value=_operating_profit
        ),
        equity=_equity(sheet, sheet_source),
        months=[
            Month(each.from_date, _revenue(each), each.net_operating_profit)
            for each in reversed(latest)
        ],
        note=_note(income_source, sheet_source),
    )


def _statuses(company: Company) -> dict[DataType, DataStatus]:
    """Return which connection's statement to use: that of the linked one, else the newest."""
    found: dict[DataType, DataStatus] = {}
    rows = (
        DataStatus.objects.within(company.organization_id)
        .filter(connection__company=company, connection__source_type="Accounting")
        .filter(data_type__in=[DataType.PROFIT_AND_LOSS, DataType.BALANCE_SHEET])
        .exclude(last_success_at=None)
        .select_related("connection")
        .order_by("last_success_at", "id")
    )
    for row in sorted(rows, key=lambda row: row.connection.status == Connection.Status.LINKED):
        found[DataType(row.data_type)] = row
    return found


def _statement[S: (ProfitAndLoss, BalanceSheet)](
    statuses: dict[DataType, DataStatus], data_type: DataType, record_type: type[S]
) -> tuple[S | None, Source | None]:
    status = statuses.get(data_type)
    if status is None or status.last_success_at is None:
        return None, None
    record = (
        Record.objects.within(status.organization_id)
        .of(status.connection_id, data_type)
        .filter(is_deleted=False)
        .order_by("source_id")
        .first()
    )
    if record is None:
        return None, None
    return decode(record_type, record.body), Source(
        connection_id=status.connection_id,
        data_type=data_type,
        record_id=record.source_id,
        pull_id=record.pull_id,
        pulled_at=status.last_success_at,
        is_stale=_is_stale(status),
    )


def _is_stale(status: DataStatus) -> bool:
    assert status.last_success_at is not None
    due = schedule.due_after(status.frequency, status.last_success_at)
    return due is not None and due < timezone.now()


def _complete_months(
    statement: ProfitAndLoss | None, source: Source | None
) -> list[ProfitAndLossPeriod]:
    """Return the months that were over when the statement was pulled, newest first, without gap."""
    if statement is None or source is None:
        return []
    pulled_on = source.pulled_at.date()
    over = [each for each in statement.reports if each.to_date < pulled_on]
    over.sort(key=lambda each: each.to_date, reverse=True)
    unbroken: list[ProfitAndLossPeriod] = []
    for each in over:
        if unbroken and each.to_date + dt.timedelta(days=1) != unbroken[-1].from_date:
            break
        unbroken.append(each)
    return unbroken


def _revenue(period: ProfitAndLossPeriod) -> Decimal:
    return period.income.value if period.income else Decimal()


def _operating_profit(period: ProfitAndLossPeriod) -> Decimal:
    return period.net_operating_profit


def _over_months(
    label: str,
    statement: ProfitAndLoss | None,
    source: Source | None,
    latest: Sequence[ProfitAndLossPeriod],
    before: Sequence[ProfitAndLossPeriod],
    *,
    value: Callable[[ProfitAndLossPeriod], Decimal],
) -> Figure:
    if statement is None:
        return Figure(label=label, period=_("No profit and loss statement was pulled yet"))
    if not latest:
        return Figure(label=label, period=_("The profit and loss statement has no complete month"))
    newest, oldest = latest[0], latest[-1]
    return Figure(
        label=label,
        amount=sum((value(each) for each in latest), Decimal()),
        previous=(
            sum((value(each) for each in before), Decimal()) if len(before) == _YEAR else None
        ),
        period=ngettext(
            "%(count)d month, %(first)s to %(last)s",
            "%(count)d months, %(first)s to %(last)s",
            len(latest),
        )
        % {
            "count": len(latest),
            "first": dateformat.format(oldest.from_date, "M Y"),
            "last": dateformat.format(newest.to_date, "M Y"),
        },
        first_day=oldest.from_date,
        last_day=newest.to_date,
        currency=statement.currency or "",
        series=tuple(value(each) for each in reversed(latest)),
        source=source,
    )


def _equity(statement: BalanceSheet | None, source: Source | None) -> Figure:
    if statement is None:
        return Figure(label=_("Equity"), period=_("No balance sheet was pulled yet"))
    sheets = sorted(statement.reports, key=lambda each: each.date, reverse=True)
    if not sheets or sheets[0].equity is None:
        return Figure(label=_("Equity"), period=_("The balance sheet has no equity"))
    newest = sheets[0]
    return Figure(
        label=_("Equity"),
        amount=_equity_of(newest),
        previous=_equity_a_year_before(newest.date, sheets),
        period=_("on %(day)s") % {"day": dateformat.format(newest.date, "j M Y")},
        first_day=newest.date,
        last_day=newest.date,
        currency=statement.currency or "",
        series=tuple(_equity_of(each) for each in reversed(sheets[: _YEAR + 1])),
        source=source,
    )


def _equity_of(sheet: BalanceSheetPeriod) -> Decimal:
    return sheet.equity.value if sheet.equity else Decimal()


def _equity_a_year_before(day: dt.date, sheets: Sequence[BalanceSheetPeriod]) -> Decimal | None:
    """Return it of the same month a year before, whose sheet is of that month's end."""
    for each in sheets:
        if (each.date.year, each.date.month) == (day.year - 1, day.month):
            return _equity_of(each)
    return None


def _note(income: Source | None, sheet: Source | None) -> str:
    is_income_stale, is_sheet_stale = (bool(each and each.is_stale) for each in (income, sheet))
    if is_income_stale and is_sheet_stale:
        return _("The profit and loss and the balance sheet should have been pulled again by now.")
    if is_income_stale:
        return _("The profit and loss should have been pulled again by now.")
    if is_sheet_stale:
        return _("The balance sheet should have been pulled again by now.")
    if income and sheet and abs(income.pulled_at - sheet.pulled_at) > _APART:
        return _(
            "The two statements were pulled at different times, so equity may not match "
            "revenue and profit. Refresh data to bring them together."
        )
    return ""
