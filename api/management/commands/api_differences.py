"""Say how our API differs from the contract, and why."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from api.contract import differences, facts_of, read_facts, unused_reasons
from api.contract.differences import FACTS
from api.urls import api


class Command(BaseCommand):
    help = "Print every difference between our API and the Codat Platform API, with its reason."
    requires_system_checks = ()  # they look into the database, which is not needed

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--take",
            type=Path,
            metavar="FILE",
            help="take the facts anew from the contract's OpenAPI document (JSON)",
        )

    def handle(self, *, take: Path | None, **_: Any) -> None:
        if take is not None:
            facts = facts_of(json.loads(take.read_text()))
            FACTS.write_text(json.dumps(facts, indent=0, sort_keys=True) + "\n")
        found = differences(our_facts(), read_facts())
        by_reason: dict[str, list[str]] = {}
        for each in found:
            by_reason.setdefault(each.reason.why if each.reason else "", []).append(each.line)
        without = by_reason.pop("", [])
        for why, lines in by_reason.items():
            self.stdout.write(f"\n{why}")
            for line in lines:
                self.stdout.write(f"  {line}")
        unused = unused_reasons(found)
        self.stdout.write(f"\n{len(found)} differences, {len(without)} without a reason.")
        if without or unused:
            told = [*(f"  {line}" for line in without), *(f"  unused: {each}" for each in unused)]
            raise CommandError("These need a reason, or are one without need:\n" + "\n".join(told))


def our_facts() -> dict[str, str]:
    document = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    return facts_of(document, prefix="/api")
