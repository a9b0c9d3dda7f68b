"""Migrate as the login that owns the tables; everything else runs as a role that owns nothing."""

from typing import Any

from django.core.management.commands import migrate

from portal.owner import as_owner


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
