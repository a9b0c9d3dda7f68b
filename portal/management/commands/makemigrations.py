"""Compare with the history as the login that owns the tables."""

from typing import Any

from django.core.management.commands import makemigrations

from portal.owner import as_owner


class Command(makemigrations.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        with as_owner():
            return super().execute(*args, **options)
