"""Collect what pages say, as files that change only where a text does."""

from django.core.management import CommandParser
from django.core.management.commands import makemessages

#: What nobody reads in their own language: tests, tools, and the sandbox, a stranger's product.
_NOT_OURS = [".*", "tests", "sandbox", "engines", "staticfiles", "styleguide*"]


class Command(makemessages.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(
            add_location="file", ignore_patterns=_NOT_OURS, no_obsolete=True, no_wrap=True
        )
