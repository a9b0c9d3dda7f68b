"""Empty the tables as the login that owns them: the app's role may not truncate."""

from typing import Any

from django.core.management.commands import flush

from portal.owner import as_owner


class Command(flush.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
