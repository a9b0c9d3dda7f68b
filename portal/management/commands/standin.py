"""Serve a stateful stand-in for a vendor's platform, to be linked in the browser."""

import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

_PORTS = {"quickbooks": 4020, "xero": 4010}


class Command(BaseCommand):
    help = "Serve a stand-in for a vendor's platform that keeps the vendor's contract."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("platform", choices=sorted(_PORTS))
        parser.add_argument("--port", type=int, help="the port to serve on")

    def handle(self, *, platform: str, port: int | None, **_: Any) -> None:
        # It lives with the tests: nothing that pretends to be a vendor is part of an installation.
        if find_spec("tests") is None:
            raise CommandError("Stand-ins come with a checkout, not with an installation.")
        command = ["-m", "tests.vendors", platform, "--port", str(port or _PORTS[platform])]
        try:
            code = subprocess.run([sys.executable, *command], check=False).returncode  # noqa: S603
        except KeyboardInterrupt:
            return
        sys.exit(code)
