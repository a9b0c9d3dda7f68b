"""Lists `doctor` among the commands; `manage.py` itself gets there before the settings are read."""

import sys
from argparse import ArgumentParser

from django.core.management import BaseCommand

from portal.doctor import command


class Command(BaseCommand):
    help = command.HELP
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        command.add_arguments(parser)

    def handle(self, *, json: bool, fail_on: str, **_options: object) -> None:
        status = command.doctor(as_json=json, fail_on=fail_on, out=self.stdout)
        if status:
            sys.exit(status)
