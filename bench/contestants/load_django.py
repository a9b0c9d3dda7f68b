"""Load the same invoices with Django's ORM, as most projects would.

    load_django bulk|each FIRST SECOND RECORDS

`bulk` is bulk_create with update_conflicts, 500 at a time; `each` is update_or_create.
"""

import json
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import ClassVar, Self

import django
from django.conf import settings

from bench.contestant import take_part
from bench.invoices import pages
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

from django.db import connection, models, transaction  # noqa: E402 - needs settings

BATCH = 500


class Invoice(models.Model):
    """With a key of its own and a unique constraint, as is usual."""

    connection_id = models.BigIntegerField()
    data_type = models.CharField(max_length=60)
    source_id = models.CharField(max_length=200)
    data = models.JSONField()

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "bench"
        db_table = "bench_invoice"
        constraints = [
            models.UniqueConstraint(
                fields=["connection_id", "data_type", "source_id"], name="bench_invoice_once"
            )
        ]

    def __str__(self) -> str:
        return self.source_id


def _of(lines: Iterable[bytes]) -> Iterable[Invoice]:
    for line in lines:
        data = json.loads(line)
        yield Invoice(connection_id=1, data_type="invoices", source_id=data["id"], data=data)


def bulk(path: Path, records: int) -> None:
    for lines in islice(pages(path, BATCH), records // BATCH):
        Invoice.objects.bulk_create(
            _of(lines),
            update_conflicts=True,
            unique_fields=["connection_id", "data_type", "source_id"],
            update_fields=["data"],
        )


def each(path: Path, records: int) -> None:
    for lines in islice(pages(path, BATCH), records // BATCH):
        with transaction.atomic():
            for line in lines:
                data = json.loads(line)
                Invoice.objects.update_or_create(
                    connection_id=1,
                    data_type="invoices",
                    source_id=data["id"],
                    defaults={"data": data},
                )


def main(way: str, first: str, second: str, records: int) -> None:
    with connection.schema_editor() as editor, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_invoice")
        editor.create_model(Invoice)
    load = {"bulk": bulk, "each": each}[way]
    take_part(
        {
            "first": lambda: load(Path(first), records),
            "second": lambda: load(Path(second), records),
        }
    )


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
