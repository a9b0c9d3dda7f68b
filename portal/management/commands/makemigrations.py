"""Compare with the history as the login that owns the tables."""

from typing import Any

from django.core.management.commands import makemigrations

from portal.owner import as_owner


class Command(makemigrations.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
