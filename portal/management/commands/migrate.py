"""Migrate as the login that owns the tables; everything else runs as a role that owns nothing."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from companies.rls import CREATE_ROLES, GRANT_FRAMEWORK_TABLES, OPEN_TO_BACKUP
from portal.owner import as_owner


class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        # Around the system checks too: they look into a database that may not know the role yet.
        with as_owner(options["database"]):
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        with connections[options["database"]].cursor() as cursor:
            cursor.execute(CREATE_ROLES)
            cursor.execute(GRANT_FRAMEWORK_TABLES)
            cursor.execute(OPEN_TO_BACKUP)
