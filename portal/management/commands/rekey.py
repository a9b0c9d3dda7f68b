"""Move everything that is encrypted to the keys in force; docs/operate.md tells when."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import rekeying


class Command(BaseCommand):
    help = (
        "Wrap every organization's key with the first key of LEDGERPORT_ENCRYPTION_KEYS, and seal "
        "anew what hangs on another one. May run while the portal does, and again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data-keys", action="store_true", help="give every organization a new key, too"
        )

    def handle(self, *, data_keys: bool, **_: Any) -> None:
        before = rekeying.tally()
        outcome = rekeying.rekey(new_data_keys=data_keys)
        after = rekeying.tally()
        width = max(map(len, [*before, *after, "rows by key"]))
        self.stdout.write(f"{'rows by key':{width}}  {'before':>8}  {'after':>8}")
        for key in sorted({*before, *after}):
            self.stdout.write(f"{key:{width}}  {before[key]:8,}  {after[key]:8,}")
        self.stdout.write(
            f"{outcome.rewrapped:,} data keys wrapped anew, {outcome.resealed:,} secrets sealed "
            f"anew, {outcome.destroyed:,} retired data keys destroyed"
        )
        for row in outcome.undecryptable:
            self.stderr.write(f"cannot be decrypted: {row}")
        if outcome.undecryptable:
            raise CommandError(f"{len(outcome.undecryptable):,} rows were left as they are.")
