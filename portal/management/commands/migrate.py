"""Migrate as the login that owns the tables; everything else runs as a role that owns nothing."""

import time
from typing import Any

import psycopg
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.utils import timezone

from companies import partitions
from companies.rls import CREATE_ROLES, GRANT_FRAMEWORK_TABLES, OPEN_TO_BACKUP
from portal.owner import as_owner

#: Whoever waits for a table's lock has all others wait behind it: rather try again later.
LOCK_TIMEOUT_SECONDS = 2
_TRIES = 60
_REST_SECONDS = 1.0


class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        # Around the system checks too: they look into a database that may not know the role yet.
        with as_owner(options["database"]):
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        self._migrate_patiently(*args, **options)
        with connections[options["database"]].cursor() as cursor:
            cursor.execute(CREATE_ROLES)
            cursor.execute(GRANT_FRAMEWORK_TABLES)
            cursor.execute(OPEN_TO_BACKUP)
        try:
            partitions.make_months(options["database"], timezone.now())
        except partitions.InUse:
            self.stdout.write("A table is in use; the months ahead are made by beat or by prune.")

    def _migrate_patiently(self, *args: Any, **options: Any) -> None:
        """Give up a lock that does not come soon, and go on with that migration a little later."""
        with connections[options["database"]].cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
        for tries_left in reversed(range(_TRIES)):
            try:
                super().handle(*args, **options)
            except OperationalError as error:
                if not tries_left or not isinstance(
                    error.__cause__, psycopg.errors.LockNotAvailable
                ):
                    raise
                self.stdout.write("A table is in use; trying again.")
                time.sleep(_REST_SECONDS)
            else:
                return
