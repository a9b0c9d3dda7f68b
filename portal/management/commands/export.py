"""Write one organization to a file while everything runs."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.backup.manifest import Refused
from portal.transfer import exporting
from portal.transfer.secrets import VARIABLE, new_passphrase


class Command(BaseCommand):
    help = (
        "Write an organization with its companies, data, files and people to a file that `import` "
        f"reads. Its secrets are under a passphrase, which is asked for or read from {VARIABLE}."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="what stands in the address of its pages")
        parser.add_argument("file", type=Path, help="a file that is not there yet")
        parser.add_argument(
            "--without-secrets",
            action="store_true",
            help="leave out tokens, keys and other secrets: connections are linked again then",
        )
        parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
        parser.add_argument("--json", action="store_true", help="tell what was written as JSON")

    def handle(
        self,
        *,
        slug: str,
        file: Path,
        without_secrets: bool,
        overwrite: bool,
        json: bool,
        **_: Any,
    ) -> None:
        try:
            exporting.refuse_unwritable(file, overwrite=overwrite)
            passphrase = None if without_secrets else new_passphrase()
            manifest = exporting.export(slug, file, passphrase=passphrase, overwrite=overwrite)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        told = {
            "file": str(file),
            "organization": str(manifest.organization.id),
            "slug": manifest.organization.slug,
            "exportedAt": manifest.exported_at.isoformat(),
            "rows": manifest.rows,
            "rowsByTable": {name: table.rows for name, table in manifest.tables.items()},
            "files": manifest.files.count,
            "filesMissing": [str(each) for each in manifest.files.missing],
            "bytes": file.stat().st_size,
            "hasSecrets": manifest.secrets is not None,
        }
        if json:
            self.stdout.write(_dumps(told))
            return
        self.stdout.write(
            f"{file}: “{manifest.organization.name}” with {manifest.rows:,} rows and "
            f"{manifest.files.count:,} uploaded files, {told['bytes']:,} bytes, of "
            f"{manifest.exported_at:%Y-%m-%d %H:%M:%S} UTC."
        )
        if manifest.secrets is None:
            self.stdout.write("Its secrets are not in it: connections have to be linked again.")
        else:
            self.stdout.write("Its secrets open with the passphrase only: keep it elsewhere.")
        for file_id in manifest.files.missing:
            self.stderr.write(f"Not on the disk, or not as it was uploaded: file {file_id}")


def _dumps(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=2)
