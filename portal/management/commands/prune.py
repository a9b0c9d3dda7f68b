"""Let go of what is past its time; docs/operate.md tells what is kept for how long."""

import time
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from portal import pruning
from portal.pruning import Report


def _hours(text: str) -> float:
    """:raises ValueError: when it is not between a second and a year."""
    hours = float(text)
    if not 1 / 3600 <= hours <= 366 * 24:
        raise ValueError
    return hours


class Command(BaseCommand):
    help = (
        "Forget what has been kept for long enough, as the login that owns the tables. May run "
        "while everything else does, be stopped at any moment, and again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would go, and leave it"
        )
        parser.add_argument("--json", action="store_true", help="print the result for programs")
        parser.add_argument(
            "--every", type=_hours, metavar="HOURS", help="stay, and do it again and again"
        )

    def handle(
        self, *, dry_run: bool, json: bool, every: float | None, verbosity: int, **_: Any
    ) -> None:
        while True:
            try:
                self._once(dry_run=dry_run, as_json=json, is_told=verbosity > 0)
            except CommandError as error:
                if every is None:
                    raise
                self.stderr.write(str(error))
            if every is None:
                return
            connections.close_all()
            time.sleep(every * 3600)

    def _once(self, *, dry_run: bool, as_json: bool, is_told: bool) -> None:
        report = Report()

        def tell(words: str) -> None:
            if is_told:
                self.stderr.write(words)

        try:
            if dry_run:
                pruning.look(report)
            else:
                pruning.prune(report, tell=tell)
        except pruning.UnderWay as error:
            raise CommandError(
                "Another pruning is under way: this one has nothing to do."
            ) from error
        except pruning.NotAllowed as error:
            raise CommandError(
                "The login in DATABASE_URL does not own the tables, so it cannot drop months of "
                "them. Run this with the login that migrates."
            ) from error
        if as_json:
            told = {"version": 1, "isDryRun": dry_run, **report.as_json()}
            self.stdout.write(msgspec.json.encode(told).decode())
        else:
            self._print(report, dry_run=dry_run)

    def _print(self, report: Report, *, dry_run: bool) -> None:
        self.stdout.write(f"{'':<20}{'rows':>12}{'months':>9}{'left':>7}{'seconds':>10}")
        for each in report.outcomes.values():
            self.stdout.write(
                f"{each.kind.replace('_', ' '):<20}{each.rows:>12,}{len(each.months):>9}"
                f"{len(each.left):>7}{each.seconds:>10.2f}"
            )
        if report.made:
            self.stdout.write(f"months made: {', '.join(report.made)}")
        verb = "would go" if dry_run else "went"
        self.stdout.write(
            f"This {verb}, of {report.organizations:,} organizations, in {report.seconds:.1f} s."
        )
