"""Write the API's operations as a collection for Postman or HTTPie."""

import json
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from api import collections
from api.urls import api


class Command(BaseCommand):
    help = "Write the API's operations as a collection for Postman (2.1) or HTTPie (shell)."
    requires_system_checks = ()  # they ask the database, which need not run

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("format", choices=["postman", "httpie"])
        parser.add_argument("--output", type=Path, help="file to write; otherwise it is printed")
        parser.add_argument(
            "--url", default=settings.BASE_URL, help="where Ledgerport is (%(default)s)"
        )

    def handle(self, *, format: str, output: Path | None, url: str, **_: Any) -> None:  # noqa: A002 - the option's name
        # Made of plain dicts, whatever ninja calls it.
        document = cast("dict[str, Any]", json.loads(json.dumps(api.get_openapi_schema())))
        if format == "postman":
            text = json.dumps(collections.postman(document, url=url), indent=2) + "\n"
        else:
            text = collections.httpie(document, url=url)
        if output is None:
            self.stdout.write(text, ending="")
        else:
            output.write_text(text)
