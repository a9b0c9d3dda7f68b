#!/usr/bin/env python
"""Run a management command; one that needs the database finds the engines running."""

import os
import sys

from django.core.management import execute_from_command_line

from engines import Engines

# What never asks the database. Everything else may, third-party commands included.
_WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "makemigrations",
    "startapp",
    "up",
    "version",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "help")
    if command in _WITHOUT_DATABASE or "--help" in sys.argv:
        execute_from_command_line(sys.argv)
    else:
        with Engines():
            execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
