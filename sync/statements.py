"""Financial statements as people read them: nested lines, several periods side by side."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count, takewhile

from django.utils import dateformat
from django.utils.translation import gettext as _

from connections.schemas import (
    BalanceSheet,
    CashFlowStatement,
    DataType,
    ProfitAndLoss,
    ReportLine,
    decode,
)
from connections.schemas.statements import (
    BalanceSheetPeriod,
    CashFlowPeriod,
    ProfitAndLossPeriod,
)

Amounts = tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One account or heading, with its amount in every period shown."""

    name: str
    #: How deep it lies below its section, from 1.
    depth: int
    #: Whether others lie below it, whose sum it is.
    is_total: bool
    amounts: Amounts

    @property
    def level(self) -> int:
        """How far it is indented: deeper than this, a phone has no room."""
        return min(self.depth, 4)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that follow one another, or a heading with the blocks that fold away below it."""

    lines: tuple[Line, ...] = ()
    heading: Line | None = None
    blocks: tuple["Block", ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A section that folds away, or a figure that follows from the sections above it."""

    name: str
    amounts: Amounts
    lines: tuple[Line, ...] = ()
    is_result: bool = False
    #: What a section's last line is called.
    total: str = ""

    @property
    def blocks(self) -> tuple[Block, ...]:
        return _blocks(self.lines)

    @property
    def newest(self) -> Decimal | None:
        return self.amounts[0] if self.amounts else None


@dataclass(frozen=True, slots=True)
class Statement:
    currency: str
    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    #: How many periods there are to choose from.
    available: int


def read(data_type: DataType, body: str, *, periods: int) -> Statement:
    """Lay out the newest periods of a stored statement.

    :raises KeyError: when the data type is no statement.
    """
    return _READERS[data_type](body, periods)


def _balance_sheet(body: str, shown: int) -> Statement:
    sheet = decode(BalanceSheet, body)
    periods: Sequence[BalanceSheetPeriod] = sheet.reports[:shown]
    return Statement(
        currency=sheet.currency or "",
        columns=tuple(_day(each.date) for each in periods),
        parts=(
            _section(_("Assets"), _("Total assets"), [each.assets for each in periods]),
            _section(
                _("Liabilities"), _("Total liabilities"), [each.liabilities for each in periods]
            ),
            _result(_("Net assets"), [each.net_assets for each in periods]),
            _section(_("Equity"), _("Total equity"), [each.equity for each in periods]),
        ),
        available=len(sheet.reports),
    )


def _profit_and_loss(body: str, shown: int) -> Statement:
    statement = decode(ProfitAndLoss, body)
    periods: Sequence[ProfitAndLossPeriod] = statement.reports[:shown]
    return Statement(
        currency=statement.currency or "",
        columns=tuple(_span(each.from_date, each.to_date) for each in periods),
        parts=(
            _section(_("Income"), _("Total income"), [each.income for each in periods]),
            _section(
                _("Cost of sales"),
                _("Total cost of sales"),
                [each.cost_of_sales for each in periods],
            ),
            _result(_("Gross profit"), [each.gross_profit for each in periods]),
            _section(_("Expenses"), _("Total expenses"), [each.expenses for each in periods]),
            _result(_("Operating profit"), [each.net_operating_profit for each in periods]),
            _section(
                _("Other income"), _("Total other income"), [each.other_income for each in periods]
            ),
            _section(
                _("Other expenses"),
                _("Total other expenses"),
                [each.other_expenses for each in periods],
            ),
            _result(_("Net other income"), [each.net_other_income for each in periods]),
            _result(_("Net profit"), [each.net_profit for each in periods]),
        ),
        available=len(statement.reports),
    )


def _cash_flow(body: str, shown: int) -> Statement:
    statement = decode(CashFlowStatement, body)
    periods: Sequence[CashFlowPeriod] = statement.reports[:shown]
    return Statement(
        currency=statement.currency or "",
        columns=tuple(_span(each.from_date, each.to_date) for each in periods),
        parts=(
            _section(
                _("Cash receipts"),
                _("Total cash receipts"),
                [each.cash_receipts for each in periods],
            ),
            _section(
                _("Cash payments"),
                _("Total cash payments"),
                [each.cash_payments for each in periods],
            ),
            _result(_("Net cash movement"), [each.net_cash for each in periods]),
        ),
        available=len(statement.reports),
    )


_READERS: dict[DataType, Callable[[str, int], Statement]] = {
    DataType.BALANCE_SHEET: _balance_sheet,
    DataType.PROFIT_AND_LOSS: _profit_and_loss,
    DataType.CASH_FLOW_STATEMENT: _cash_flow,
}


def _section(name: str, total: str, roots: Sequence[ReportLine | None]) -> Part:
    return Part(
        name=name,
        total=total,
        amounts=tuple(root.value if root else None for root in roots),
        lines=tuple(_lines([root.items if root else None for root in roots], depth=1)),
    )


def _result(name: str, amounts: Sequence[Decimal]) -> Part:
    return Part(name=name, amounts=tuple(amounts), is_result=True)


def _lines(columns: Sequence[Sequence[ReportLine] | None], *, depth: int) -> Iterator[Line]:
    """Merge the periods: an account that one of them lacks has no amount there."""
    by_key = [keyed(column or ()) for column in columns]
    for key in dict.fromkeys(key for column in by_key for key in column):
        same = [column.get(key) for column in by_key]
        children = [line.items if line else None for line in same]
        has_children = any(children)
        yield Line(
            name=next((line.name for line in same if line and line.name), _("Without a name")),
            depth=depth,
            is_total=has_children,
            amounts=tuple(line.value if line else None for line in same),
        )
        if has_children:
            yield from _lines(children, depth=depth + 1)


def _blocks(lines: Sequence[Line]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    place = 0
    while place < len(lines):
        first = lines[place]
        if first.is_total:
            below = _below(first, lines[place + 1 :])
            blocks.append(Block(heading=first, blocks=_blocks(below)))
            place += 1 + len(below)
        else:
            run = tuple(takewhile(lambda line: not line.is_total, lines[place:]))
            blocks.append(Block(lines=run))
            place += len(run)
    return tuple(blocks)


def _below(heading: Line, lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(takewhile(lambda line: line.depth > heading.depth, lines))


def keyed(lines: Sequence[ReportLine]) -> dict[tuple[str, int], ReportLine]:
    """Name lines so that they match across periods: by account, or by name where there is none.

    Platforms do print two lines alike; the second one is another line.
    """
    found: dict[tuple[str, int], ReportLine] = {}
    for line in lines:
        name = line.account_id or f"name {line.name}"
        place = next(number for number in count() if (name, number) not in found)
        found[name, place] = line
    return found


def _day(day: dt.date) -> str:
    return dateformat.format(day, "j M Y")


def _span(first: dt.date, last: dt.date) -> str:
    if (first.year, first.month) == (last.year, last.month):
        return dateformat.format(last, "M Y")
    return f"{dateformat.format(first, 'M Y')} – {dateformat.format(last, 'M Y')}"
