"""Check as the login that owns the tables: the app's role may not exist yet."""

from typing import Any

from django.core.management.commands import check

from portal.owner import as_owner


class Command(check.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        with as_owner():
            return super().execute(*args, **options)
