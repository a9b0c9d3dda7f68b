"""Drawings made on the server: geometry in attributes, colour in classes, no script, no style.

Each takes plain values and prints SVG with words for those who do not see it.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import template
from django.utils.translation import gettext

from portal.templatetags import _words

register = template.Library()

_MOST_LINES = 5


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the trend."""

    first_day: dt.date
    revenue: Decimal
    profit: Decimal

    @property
    def margin(self) -> str:
        if self.revenue <= 0:
            return gettext("no margin")
        return _words.share(self.profit / self.revenue)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the strip: how many pulls completed and how many failed."""

    on: dt.date
    complete: int
    failed: int

    @property
    def state(self) -> str:
        if not self.complete and not self.failed:
            return "none"
        if not self.failed:
            return "ok"
        return "partial" if self.complete else "failed"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A few minutes of an endpoint: attempts that were taken, and others."""

    start: dt.datetime
    ok: int
    failed: int


@dataclass(frozen=True, slots=True)
class _Frame:
    """A canvas with a scale from `low` to `high`; the text below and beside it never shrinks."""

    name: str
    width: int
    height: int
    label_every: int
    low: float
    high: float

    left: int = 52
    top: int = 12
    bottom: int = 26
    tip_width: int = 158
    tip_height: int = 40

    def y(self, value: float) -> float:
        drawn = self.height - self.top - self.bottom
        return round(self.top + (self.high - value) / (self.high - self.low) * drawn, 1)

    def bar(self, value: Decimal) -> dict[str, float]:
        top, end = self.y(max(float(value), 0)), self.y(min(float(value), 0))
        return {"y": top, "height": round(max(end - top, 0.5 if value else 0), 1)}


@register.inclusion_tag("components/_trend.html")
def trend(months: Sequence[Month], currency: str) -> dict[str, Any]:
    """Draw revenue by month with the profit as a solid bar inside it, on one scale from zero."""
    amounts = [float(each) for month in months for each in (month.revenue, month.profit)]
    low = min([0, *amounts]) * 1.1  # a loss ends a little above the months' names
    ticks = [tick for tick in _ticks(low, max([0, *amounts])) if tick >= low]
    frames = [
        _Frame("wide", 680, 240, 1, low, ticks[-1]),
        _Frame("narrow", 330, 220, 2, low, ticks[-1]),
    ]
    return {
        "months": months,
        "currency": currency,
        "drawings": [_trend_drawing(frame, months, ticks, currency) for frame in frames],
    }


def _trend_drawing(
    frame: _Frame, months: Sequence[Month], ticks: list[float], currency: str
) -> dict[str, Any]:
    column = (frame.width - frame.left) / max(len(months), 1)
    thickness = round(column * 0.56, 1)
    columns = []
    for place, month in enumerate(months):
        x = frame.left + place * column
        revenue, profit = frame.bar(month.revenue), frame.bar(month.profit)
        tip_x = min(max(x + column / 2 - frame.tip_width / 2, 0), frame.width - frame.tip_width)
        tip_y = max(revenue["y"] - frame.tip_height - 8, 0)
        columns.append(
            {
                "month": month,
                "x": round(x, 1),
                "width": round(column, 1),
                "bar_x": round(x + (column - thickness) / 2, 1),
                "bar_width": thickness,
                "middle": round(x + column / 2, 1),
                "revenue": revenue,
                "profit": profit,
                # Counted from the newest, which always has its label.
                "is_labelled": (len(months) - 1 - place) % frame.label_every == 0,
                "tip": {
                    "x": round(tip_x, 1),
                    "y": round(tip_y, 1),
                    "text_x": round(tip_x + 10, 1),
                    "first_line": round(tip_y + 16, 1),
                    "second_line": round(tip_y + 31, 1),
                },
            }
        )
    lines = [
        {"y": frame.y(tick), "text_y": frame.y(tick) + 3, "is_zero": tick == 0, "label": label}
        for tick, label in zip(ticks, _tick_labels(ticks, currency), strict=True)
    ]
    return {
        "frame": frame,
        "columns": columns,
        "lines": lines,
        "axis_x": frame.left - 8,
        "axis_y": frame.height - 6,
    }


def _ticks(low: float, high: float) -> list[float]:
    """Choose three to seven round values that enclose the amounts."""
    span = (high - low) or 1.0
    magnitude = 10 ** (len(f"{span:.0f}") - 2)
    step = next(
        size * magnitude
        for size in (1, 2, 2.5, 5, 10, 20, 25, 50)
        if span / (size * magnitude) <= _MOST_LINES
    )
    lowest, highest = int(low // step), int(-(-high // step))
    return [step * each for each in range(lowest, max(highest, lowest + 1) + 1)]


def _tick_labels(ticks: list[float], currency: str) -> Iterator[str]:
    for tick in ticks:
        yield "0" if tick == 0 else _words.short_amount_of_money(Decimal(str(tick)), currency)


@register.inclusion_tag("components/_spark.html")
def spark(values: Sequence[Decimal]) -> dict[str, Any]:
    """Draw the course of a figure beside it: decoration, the numbers stand elsewhere."""
    width, height, margin = 88, 26, 4
    low, high = min(values, default=Decimal(0)), max(values, default=Decimal(0))
    span = float(high - low) or 1.0
    step = (width - 2 * margin) / max(len(values) - 1, 1)
    points = [
        (
            round(margin + place * step, 1),
            round(margin + float(high - value) / span * (height - 2 * margin), 1),
        )
        for place, value in enumerate(values)
    ]
    line = "M" + "L".join(f"{x} {y}" for x, y in points)
    return {
        "width": width,
        "height": height,
        "line": line,
        "area": f"{line}V{height}H{margin}Z",
        "last": points[-1] if len(points) > 1 else None,
    }


@register.inclusion_tag("components/_strip.html")
def strip(days: Sequence[Day]) -> dict[str, Any]:
    """Draw how pulls went, a cell a day; a day with failures is also shorter, not only red."""
    cell, gap, height = 11, 3.5, 22
    shortened = {"ok": 0, "none": 0, "partial": 5, "failed": 10}
    pulls = sum(day.complete + day.failed for day in days)
    complete = sum(day.complete for day in days)
    return {
        "days": days,
        "width": round(max(len(days) * (cell + gap) - gap, 1), 1),
        "height": height,
        "cell": cell,
        "cells": [
            {
                "day": day,
                "x": round(place * (cell + gap), 1),
                "y": shortened[day.state],
                "height": height - shortened[day.state],
            }
            for place, day in enumerate(days)
        ],
        "failed_days": sum(day.state == "failed" for day in days),
        "partial_days": sum(day.state == "partial" for day in days),
        "share_complete": _words.share(complete / pulls, 1) if pulls else "",
    }


@register.inclusion_tag("components/_attempts.html")
def attempts(stretches: Sequence[Stretch]) -> dict[str, Any]:
    """Draw attempts over the last hours, those that failed above those that were taken."""
    cell, gap, height = 11, 3.5, 56
    highest = max((each.ok + each.failed for each in stretches), default=0) or 1

    def scaled(count: int) -> float:
        # However little it is beside the highest, it is seen.
        return round(max(count / highest * height, 2), 1) if count else 0

    cells = []
    for place, each in enumerate(stretches):
        failed, ok = scaled(each.failed), scaled(each.ok)
        ok = max(min(ok, height - failed), 0)
        cells.append(
            {
                "stretch": each,
                "x": round(place * (cell + gap), 1),
                "ok": {"y": round(height - ok, 1), "height": ok},
                "failed": {"y": round(height - ok - failed, 1), "height": failed},
                "is_quiet": not each.ok and not each.failed,
            }
        )
    return {
        "cells": cells,
        "cell": cell,
        "height": height,
        "width": round(max(len(stretches) * (cell + gap) - gap, 1), 1),
        "ok": sum(each.ok for each in stretches),
        "failed": sum(each.failed for each in stretches),
        "stretches": [each for each in stretches if each.ok or each.failed],
    }
