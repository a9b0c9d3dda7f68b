#!/usr/bin/env python
"""Run a management command; one that needs the database finds the engines running."""

import os
import sys
from importlib import import_module

from engines import Engines, data_dir
from portal.supervisor.environment import is_production, use_development_environment

# What begins before the settings are loaded: `up` without Django, whose import costs more than all
# it does itself; `chaos` and `bench` make installations of their own; `doctor` looks what is wrong
# with the settings, and starts no engine.
_BEFORE_SETTINGS = {
    "bench": "bench.command",
    "chaos": "chaos.command",
    "doctor": "portal.doctor.command",
    "up": "portal.supervisor.command",
}
# What never asks the database. Everything else may, third-party commands included.
_WITHOUT_DATABASE = {
    "api_collection",
    "api_differences",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "standin",
    "startadapter",
    "startapp",
    "version",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    arguments = sys.argv[1:]
    command = next((word for word in arguments if not word.startswith("-")), "help")
    if command in _BEFORE_SETTINGS and "--help" not in arguments:
        main_of_command = import_module(_BEFORE_SETTINGS[command]).main
        sys.exit(main_of_command(arguments[1:]))
    # A laptop where nothing is configured; a server says what it is.
    if not {"LEDGERPORT_ENV", "DATABASE_URL", "DATABASE_URL_FILE"} & os.environ.keys():
        use_development_environment(data_dir())
    from django.core.management import execute_from_command_line  # noqa: PLC0415 not for `up`

    if command in _WITHOUT_DATABASE or "--help" in arguments or is_production():
        execute_from_command_line(sys.argv)
    else:
        with Engines():
            execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
