"""What the rules of several types have in common."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

type Level = Literal["error", "warning"]
type Finding = tuple[Level, int, str]

ZERO = Decimal()


def check_currency(noun: str, currency: str | None, rate: Decimal | None) -> Iterator[Finding]:
    if not currency:
        yield "warning", 20, f"{noun} should have a currency."
    if rate is not None and rate <= 0:
        yield "warning", 21, f"{noun}'s CurrencyRate ({rate}) should be greater than 0."


def summed(noun: str, parts: str, total: Decimal, name: str, expected: Decimal) -> str:
    return f"{noun}'s {parts} summed ({total}) should be the same as {name} ({expected})."
