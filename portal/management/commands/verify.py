"""Check that what is stored agrees with itself."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from portal.verification import verify


class Command(BaseCommand):
    help = "Check the whole installation, read-only; exits with 1 when anything is wrong."
    requires_system_checks = ()

    def handle(self, **_: Any) -> None:
        wrong = 0
        self.stdout.write(f"{'':<28}{'examined':>12}{'violations':>12}")
        for outcome in verify():
            wrong += outcome.violations
            self.stdout.write(f"{outcome.name:<28}{outcome.examined:>12,}{outcome.violations:>12,}")
            for violation in outcome.told:
                self.stdout.write(f"    {violation}")
            if outcome.violations > len(outcome.told):
                self.stdout.write(f"    … and {outcome.violations - len(outcome.told):,} more")
        if wrong:
            sys.exit(1)
