"""Back up database and uploaded files while everything runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.backup import taking
from portal.backup.manifest import Refused
from portal.backup.programs import ProgramFailed


class Command(BaseCommand):
    help = (
        "Write a backup of the database and the uploaded files to a new file. Keys are not in it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a file that is not there yet")

    def handle(self, *, file: Path, **_: Any) -> None:
        try:
            manifest = taking.take(file)
        except (Refused, ProgramFailed) as error:
            raise CommandError(str(error)) from error
        rows = sum(manifest.tables.values())
        self.stdout.write(
            f"{file}: {rows:,} rows, {manifest.files.count:,} uploaded files, "
            f"{file.stat().st_size:,} bytes, of {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC.\n"
            f"It needs the encryption keys {', '.join(manifest.keys)}, which are not in it."
        )
        for path in manifest.files.missing:
            self.stderr.write(f"Not on the disk, or not as it was uploaded: {path}")
