"""Pull as most projects would: httpx, pydantic, and Django's bulk_create with update_conflicts.

pull_stack URL TOKENS
"""

import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, Self

import django
import httpx
from django.conf import settings
from pydantic import BaseModel

from bench.contestant import take_part
from bench.contestants.paging import answers, read_tokens
from engines import locations

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(locations.postgres_socket_dir()),
            "USER": "postgres",
            "NAME": locations.DATABASE,
        }
    },
    USE_TZ=True,
)
django.setup()

from django.db import connection, models  # noqa: E402 - needs settings


class Line(BaseModel):
    description: str | None = None
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal | None = None
    net: Decimal
    tax: Decimal
    total: Decimal
    account_id: str | None = None
    account_name: str | None = None
    tax_rate_id: str | None = None
    item_id: str | None = None


class Allocation(BaseModel):
    payment_id: str
    kind: str
    date: dt.date
    amount: Decimal
    account_id: str | None = None


class Document(BaseModel):
    id: str
    created_at: dt.datetime
    updated_at: dt.datetime
    number: str | None = None
    date: dt.date
    due_date: dt.date | None = None
    paid_on: dt.date | None = None
    customer_id: str
    customer_name: str | None = None
    currency: str | None = None
    exchange_rate: Decimal | None = None
    status: str
    lines: list[Line]
    net: Decimal
    tax: Decimal
    total: Decimal
    amount_due: Decimal
    allocations: list[Allocation] = []
    note: str | None = None


class Gone(BaseModel):
    id: str
    updated_at: dt.datetime
    deleted: bool


class Answer(BaseModel):
    items: list[Document | Gone]


class Invoice(models.Model):
    """With a key of its own and a unique constraint, as is usual."""

    connection_id = models.BigIntegerField()
    source_id = models.CharField(max_length=200)
    data = models.JSONField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "bench"
        db_table = "bench_pulled"
        constraints = [
            models.UniqueConstraint(fields=["connection_id", "source_id"], name="bench_pulled_once")
        ]

    def __str__(self) -> str:
        return self.source_id


def main(url: str, tokens: Path) -> None:
    client = httpx.Client(base_url=url, trust_env=False, timeout=60)

    def pull() -> None:
        for number, token in enumerate(read_tokens(tokens)):
            for content, _ in answers(client, token):
                Invoice.objects.bulk_create(
                    (
                        Invoice(
                            connection_id=number,
                            source_id=each.id,
                            data=each.model_dump(mode="json"),
                        )
                        for each in Answer.model_validate_json(content).items
                        if isinstance(each, Document)
                    ),
                    update_conflicts=True,
                    unique_fields=["connection_id", "source_id"],
                    update_fields=["data"],
                )

    with connection.schema_editor() as editor, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_pulled")
        editor.create_model(Invoice)
    take_part({"first": pull, "again": pull})


main(sys.argv[1], Path(sys.argv[2]))
