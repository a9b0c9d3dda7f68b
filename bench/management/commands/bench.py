"""Lists `bench` among the commands; `manage.py` itself takes a way that loads no settings yet."""

from argparse import ArgumentParser

from django.core.management import BaseCommand

from bench import command


class Command(BaseCommand):
    help = command.HELP
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        command.add_arguments(parser)
