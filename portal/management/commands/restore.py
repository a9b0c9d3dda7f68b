"""Restore what `backup` wrote, into a database that nobody uses."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.backup import restoring
from portal.backup.manifest import Refused
from portal.backup.programs import ProgramFailed


class Command(BaseCommand):
    help = "Restore a backup into an empty database, and make it ready to go on."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="what `backup` wrote")
        parser.add_argument(
            "--replace", action="store_true", help="first empty the database: all in it is lost"
        )

    def handle(self, *, file: Path, replace: bool, **_: Any) -> None:
        try:
            manifest, righted = restoring.restore(file, replace=replace)
        except Refused as refused:
            raise CommandError(f"{refused} Nothing was changed.") from refused
        except ProgramFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored to {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC. Put right:")
        for what, count in righted.lines():
            self.stdout.write(f"{count:>9,}  {what}")
        for path in manifest.files.missing:
            self.stderr.write(f"Was missing when the backup was made: {path}")
        self.stdout.write("Now run `manage.py verify`, then start everything again.")
