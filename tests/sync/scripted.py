"""A platform that serves what a test tells it to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connections.platforms.base import Credentials, CustomSource, Page
from connections.schemas import Invoice
from sync import engine

LATER = datetime(2027, 1, 1, tzinfo=UTC)


def invoice(
    number: int, *, total: str = "10.00", note: str | None = None, **fields: Any
) -> Invoice:
    amount = Decimal(total)
    return Invoice(
        **{
            "id": f"inv-{number}",
            "invoice_number": f"INV-{number:04}",
            "source_modified_date": datetime(2026, 1, 1, tzinfo=UTC),
            "issue_date": date(2026, 1, 1),
            "due_date": date(2026, 1, 31),
            "currency": "GBP",
            "currency_rate": Decimal(1),
            "line_items": None,
            "sub_total": amount,
            "total_tax_amount": Decimal(0),
            "total_amount": amount,
            "amount_due": amount,
            "status": "Submitted",
            "note": note,
            **fields,
        }
    )


def page(*records: Any, cursor: str, **fields: Any) -> Page:
    return Page(records=records, cursor=cursor, **fields)


class Scripted:
    """Serves its pages in order; a step may be an error to raise or a function to call."""

    def __init__(self) -> None:
        self.steps: list[Page | Exception | type[BaseException] | Callable[[], None]] = []
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.credentials = Credentials(access_token="1", refresh_token="r", expires_at=LATER)
        self.renewals = 0
        self.sleep: Callable[[float], None] = lambda _: None
        self.supplements: object = {}
        self.customs: list[CustomSource] = []

    def serve(self, *steps: Any) -> None:
        self.steps = list(steps)

    def fetch(self, data_type: str, *, since: str | None, cursor: str | None) -> Iterator[Page]:
        self.asked.append((str(data_type), since, cursor))
        return self._serve(cursor)

    def fetch_custom(self, source: CustomSource, *, cursor: str | None) -> Iterator[Page]:
        self.customs.append(source)
        return self._serve(cursor)

    def _serve(self, cursor: str | None) -> Iterator[Page]:
        pages = [step.cursor for step in self.steps if isinstance(step, Page)]
        skip = pages.index(cursor) + 1 if cursor in pages else 0
        served = 0
        for step in list(self.steps):
            if isinstance(step, Page):
                served += 1
                if served > skip:
                    yield step
                continue
            if isinstance(step, (BaseException, type)):
                self.steps.remove(step)
                raise step
            self.steps.remove(step)
            step()


def install(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Let the engine meet a scripted platform instead of the sandbox."""
    platform = Scripted()

    @contextmanager
    def open_platform(
        connection: object, *, sleep: Callable[[float], None], supplements: object, read: object
    ) -> Iterator[Scripted]:
        platform.sleep, platform.supplements = sleep, supplements
        yield platform

    def renew_after_401(connection: object, seen: Credentials) -> Credentials:
        platform.renewals += 1
        return Credentials(
            access_token=f"{seen.access_token}+", refresh_token="r", expires_at=LATER
        )

    monkeypatch.setattr(engine, "open_platform", open_platform)
    monkeypatch.setattr(engine, "renew_after_401", renew_after_401)
    return platform
