"""Invoices of about a kilobyte with nested lines, as lines of canonical JSON: always the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random
from uuid import UUID

import msgspec

from connections.schemas import Invoice, encode
from connections.schemas.base import AccountRef, CustomerRef, TaxRateRef
from connections.schemas.sales import SalesLine

#: One in so many is changed when they come again.
CHANGED_EVERY = 20
_WORDS = (
    *("consulting", "hours", "monthly", "retainer", "hosting", "licence", "support", "delivery"),
    *("freight", "paper", "toner", "chair", "desk", "laptop", "monitor", "cable", "training"),
)
_ACCOUNTS = tuple(
    AccountRef(id=str(UUID(int=number)), name=name)
    for number, name in enumerate(("Sales", "Other revenue", "Services", "Freight income"), 1)
)
_STANDARD_RATE = TaxRateRef(id="OUTPUT2", name="20% (VAT)", effective_tax_rate=Decimal(20))
_FIRST_DAY = date(2025, 1, 1)
_CHANGED_AT = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Books:
    """Two files of the same invoices, one a line; in the second some are changed."""

    first: Path
    second: Path
    number: int

    @classmethod
    def write(cls, directory: Path, number: int) -> "Books":
        directory.mkdir(parents=True, exist_ok=True)
        books = cls(directory / "first.ndjson", directory / "second.ndjson", number)
        with books.first.open("wb") as first, books.second.open("wb") as second:
            for position, invoice in enumerate(invoices(number)):
                first.write(encode(invoice) + b"\n")
                is_changed = position % CHANGED_EVERY == 0
                second.write(encode(_paid(invoice) if is_changed else invoice) + b"\n")
        return books


def pages(path: Path, size: int) -> Iterator[list[bytes]]:
    """Yield the lines of a file, so many at a time."""
    with path.open("rb") as file:
        while lines := [line[:-1] for line in islice(file, size)]:
            yield lines


def _paid(invoice: Invoice) -> Invoice:
    return msgspec.structs.replace(
        invoice, status="Paid", amount_due=Decimal(0), source_modified_date=_CHANGED_AT
    )


def invoices(number: int) -> Iterator[Invoice]:
    """Yield so many; the first of them are always the same."""
    chance = Random(7)
    customers = [
        CustomerRef(
            id=str(UUID(int=chance.getrandbits(128))),
            company_name=f"{' '.join(chance.choices(_WORDS, k=2)).title()} Ltd",
        )
        for _ in range(2000)
    ]
    for position in range(number):
        day = _FIRST_DAY + timedelta(days=chance.randrange(350))
        lines = tuple(_line(chance) for _ in range(chance.choice((1, 1, 1, 2))))
        tax = sum((line.tax_amount or Decimal(0) for line in lines), Decimal(0))
        total = sum((line.total_amount or Decimal(0) for line in lines), Decimal(0))
        yield Invoice(
            id=str(UUID(int=chance.getrandbits(128))),
            source_modified_date=datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC),
            invoice_number=f"INV-{position:07}",
            customer_ref=chance.choice(customers),
            issue_date=day,
            due_date=day + timedelta(days=30),
            currency="GBP",
            currency_rate=Decimal(1),
            line_items=lines,
            payment_allocations=(),
            sub_total=total - tax,
            total_tax_amount=tax,
            total_amount=total,
            amount_due=total,
            status="Submitted",
        )


def _line(chance: Random) -> SalesLine:
    quantity, price = Decimal(chance.randrange(1, 20)), Decimal(chance.randrange(500, 90_000)) / 100
    net = quantity * price
    tax = (net / 5).quantize(Decimal("0.01"))
    return SalesLine(
        description=" ".join(chance.choices(_WORDS, k=4)),
        unit_amount=price,
        quantity=quantity,
        discount_amount=Decimal(0),
        sub_total=net,
        tax_amount=tax,
        total_amount=net + tax,
        account_ref=chance.choice(_ACCOUNTS),
        tax_rate_ref=_STANDARD_RATE,
    )
