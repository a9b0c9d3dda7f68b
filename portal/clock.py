"""The database's clock: the one that all processes share, wherever they run.

A process's own may be wrong by hours. Whatever is stored, or compared with what is, comes from here
or from `Now()`.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection


def now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def running() -> Callable[[], datetime]:
    """Read it once and return what goes on from there, for where no database is at hand."""
    read, began = now(), time.monotonic()
    return lambda: read + timedelta(seconds=time.monotonic() - began)
