"""Empty the tables as the login that owns them: the app's role may not truncate."""

from typing import Any

from django.core.management.commands import flush

from portal.owner import as_owner


class Command(flush.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        with as_owner():
            return super().execute(*args, **options)
