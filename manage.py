#!/usr/bin/env python
"""Run a management command; one that needs the database finds the engines running."""

import os
import sys

from engines import Engines, data_dir
from portal.supervisor.environment import is_production, use_development_environment

# What never asks the database. Everything else may, third-party commands included.
_WITHOUT_DATABASE = {
    "api_collection",
    "api_differences",
    "chaos",
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
    if command == "up" and "--help" not in arguments:
        # Without Django, whose import costs more than all that `up` does itself.
        from portal.supervisor.command import main as up  # noqa: PLC0415

        sys.exit(up(arguments[1:]))
    if command == "chaos" and "--help" not in arguments:
        # Before the settings are loaded: it makes an installation of its own.
        from chaos.command import main as chaos  # noqa: PLC0415

        sys.exit(chaos(arguments[1:]))
    if command == "doctor" and "--help" not in arguments:
        # Before the settings are loaded, which may be what is wrong; and it starts no engine.
        from portal.doctor.command import main as doctor  # noqa: PLC0415

        sys.exit(doctor(arguments[1:]))
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
