"""Lists `up` among the commands; `manage.py` itself takes a shorter way to the same place."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management import BaseCommand

from portal.supervisor import command


class Command(BaseCommand):
    help = command.HELP
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        command.add_arguments(parser)

    def handle(
        self,
        *,
        host: str,
        port: int,
        data: Path | None,
        ready_file: Path | None,
        **_options: object,
    ) -> None:
        sys.exit(command.up(host=host, port=port, data=data, ready_file=ready_file))
