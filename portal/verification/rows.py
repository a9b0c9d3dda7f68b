"""Reading much with little memory."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, models

_AT_ONCE = 500


def streamed(statement: str, parameters: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield rows from a cursor of the server's, in the transaction that is open."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows


def each[M: models.Model](rows: models.QuerySet[M]) -> Iterator[M]:
    """Yield objects in the order of their keys."""
    last = None
    rows = rows.order_by("pk")
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:_AT_ONCE]):
        yield from batch
        last = batch[-1].pk


def number(statement: str, parameters: tuple[Any, ...] = ()) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[int] = cursor.fetchone()
    return row[0]
