"""Asking Tryton for the figures of its statements, one question for each month."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from connections.platforms.tryton import statements, wire
from connections.platforms.tryton.account_types import AccountTypes
from connections.platforms.tryton.server import Server, day
from connections.platforms.tryton.statements import Month
from connections.schemas import BalanceSheet, ProfitAndLoss

MONTHS = 25
"""The running month and two years of complete ones."""

_FIELDS = ("code", "name", "type", "debit_type", "credit_type", "debit", "credit")


class _Closing(msgspec.Struct):
    account: int
    date: wire.Day
    debit: wire.Amount
    credit: wire.Amount


class _Dated(msgspec.Struct):
    date: wire.Day


_BALANCE = msgspec.json.Decoder(wire.Balance)
_CLOSING = msgspec.json.Decoder(_Closing)
_SPAN = msgspec.json.Decoder(wire.Span)
_DATED = msgspec.json.Decoder(_Dated)


class Reports:
    """The statements of one company."""

    def __init__(
        self, server: Server, company_id: int, *, types: AccountTypes, currency: str | None
    ) -> None:
        self.server = server
        self.company_id = company_id
        self.types = types
        self.currency = currency
        assert server.clock is not None
        self.today = server.clock.date()

    def balance_sheet(self) -> BalanceSheet:
        """Return the sheet on the last day of each month that lies in a fiscal year.

        Without ``cumulate`` Tryton tells what moved since the fiscal year began, as if years that
        nobody closed had never been: the sheet would balance and still be wrong.
        """
        earliest = self._earliest()
        years = self.server.read(
            _SPAN, "account.fiscalyear", ("start_date", "end_date"), self._own()
        )
        periods = []
        for month in statements.months(self.today, earliest=earliest, count=MONTHS):
            on = min(month.last, self.today)
            if any(year.start_date.date <= on <= year.end_date.date for year in years):
                context = {"date": day(on), "cumulate": True}
                periods.append((on, self._balances(context, statement=None)))
        return statements.balance_sheet(
            periods, types=self.types, currency=self.currency, earliest=earliest
        )

    def profit_and_loss(self) -> ProfitAndLoss:
        earliest = self._earliest()
        months = statements.months(self.today, earliest=earliest, count=MONTHS)
        closing = self._closing(months[-1].first)
        periods = []
        for month in months:
            context = {"from_date": day(month.first), "to_date": day(month.last)}
            balances = self._balances(context, statement="income")
            periods.append((month, statements.without_closing(balances, closing[month])))
        return statements.profit_and_loss(
            periods, types=self.types, currency=self.currency, earliest=earliest
        )

    def _own(self) -> list[object]:
        return [["company", "=", self.company_id]]

    def _balances(
        self, context: Mapping[str, object], *, statement: str | None
    ) -> list[wire.Balance]:
        operator = "=" if statement else "!="
        return self.server.read(
            _BALANCE,
            "account.account",
            _FIELDS,
            [*self._own(), ["type.statement", operator, statement]],
            context={**context, "posted": True},
        )

    def _earliest(self) -> dt.date:
        """Return the day of the first posting."""
        first = self.server.read(
            _DATED,
            "account.move",
            ("date",),
            [*self._own(), ["state", "=", "posted"]],
            order=[["date", "ASC"], ["id", "ASC"]],
            size=1,
        )
        return first[0].date.date if first else self.today

    def _closing(self, since: dt.date) -> Mapping[Month, Mapping[int, Decimal]]:
        """Return what closing fiscal years moved, by month and account.

        It is booked in a journal of the type ``situation``, on the year's last day.
        https://docs.tryton.org/latest/modules-account/usage/close_fiscalyear.html
        """
        moved: dict[Month, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        lines = self.server.read(
            _CLOSING,
            "account.move.line",
            ("account", "date", "debit", "credit"),
            [
                ["move.company", "=", self.company_id],
                ["move.journal.type", "=", "situation"],
                ["move.state", "=", "posted"],
                ["move.date", ">=", day(since)],
                ["account.type.statement", "=", "income"],
            ],
        )
        for line in lines:
            month = Month(line.date.date.replace(day=1))
            moved[month][line.account] += line.debit.decimal - line.credit.decimal
        return moved
