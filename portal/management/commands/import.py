# ruff: noqa: N999 - what operators type
"""Bring in what `export` wrote in another installation, or in this one."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.backup.manifest import Refused
from portal.transfer import importing
from portal.transfer.importing import Imported
from portal.transfer.secrets import VARIABLE
from portal.verification import Outcome, verify_organization


class Command(BaseCommand):
    help = (
        "Bring an organization in from a file that `export` wrote, all of it or nothing, and "
        f"verify it. The passphrase of its secrets is asked for or read from {VARIABLE}."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="what `export` wrote")
        parser.add_argument(
            "--administrator",
            default="",
            metavar="EMAIL",
            help="somebody with an account here who is to manage it",
        )
        parser.add_argument(
            "--send-invitations",
            action="store_true",
            help="write to members who have no account here",
        )
        parser.add_argument("--json", action="store_true", help="tell what came of it as JSON")

    def handle(
        self, *, file: Path, administrator: str, send_invitations: bool, json: bool, **_: Any
    ) -> None:
        try:
            imported = importing.import_(
                file, administrator=administrator, sends_invitations=send_invitations
            )
        except Refused as refused:
            raise CommandError(f"{refused} Nothing was changed.") from refused
        outcomes = list(verify_organization(imported.manifest.organization.id))
        if json:
            self.stdout.write(_dumps(imported, outcomes))
        else:
            self._tell(imported, outcomes, were_invited=send_invitations)
        if any(outcome.violations for outcome in outcomes):
            sys.exit(1)

    def _tell(self, imported: Imported, outcomes: list[Outcome], *, were_invited: bool) -> None:
        manifest = imported.manifest
        self.stdout.write(
            f"“{manifest.organization.name}” is here as it was at "
            f"{manifest.exported_at:%Y-%m-%d %H:%M:%S} UTC: {manifest.rows:,} rows, "
            f"{manifest.files.count:,} uploaded files, {imported.members:,} members. Put right:"
        )
        for what, count in imported.settled.lines():
            self.stdout.write(f"{count:>9,}  {what}")
        for email in imported.invited:
            self.stdout.write(
                f"{email} has no account here: {'invited' if were_invited else 'not invited yet'}."
            )
        if imported.invited and not were_invited:
            self.stdout.write("An Administrator sends the invitations under Team.")
        for file_id in imported.files_missing:
            self.stderr.write(f"Was missing when it was exported: file {file_id}")
        for outcome in outcomes:
            for violation in outcome.told:
                self.stderr.write(f"{outcome.name}: {violation}")
            if outcome.violations > len(outcome.told):
                rest = outcome.violations - len(outcome.told)
                self.stderr.write(f"{outcome.name}: … and {rest:,} more")
        wrong = sum(outcome.violations for outcome in outcomes)
        examined = sum(outcome.examined for outcome in outcomes)
        self.stdout.write(f"Verified: {examined:,} things examined, {wrong:,} violations.")


def _dumps(imported: Imported, outcomes: list[Outcome]) -> str:
    manifest = imported.manifest
    told = {
        "organization": str(manifest.organization.id),
        "slug": manifest.organization.slug,
        "exportedAt": manifest.exported_at.isoformat(),
        "rows": manifest.rows,
        "files": manifest.files.count,
        "filesMissing": [str(each) for each in imported.files_missing],
        "members": imported.members,
        "invited": imported.invited,
        "putRight": {what.replace(" ", "_"): count for what, count in imported.settled.lines()},
        "verified": {
            outcome.name: {
                "examined": outcome.examined,
                "violations": outcome.violations,
                "told": outcome.told,
            }
            for outcome in outcomes
        },
    }
    return json.dumps(told, indent=2)
