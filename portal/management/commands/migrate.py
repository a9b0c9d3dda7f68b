"""Migrate as the login that owns the tables; everything else runs as a role that owns nothing."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from companies.rls import GRANT_FRAMEWORK_TABLES
from portal.owner import as_owner


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["database"]
        with as_owner(alias):
            super().handle(*args, **options)
            with connections[alias].cursor() as cursor:
                cursor.execute(GRANT_FRAMEWORK_TABLES)
