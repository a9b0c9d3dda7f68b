"""Tryton's own commands as a module, since its scripts name where the environment was built.

``python -m tests.real.tryton.program serve|administer …``
"""

import sys

# Tryton is not in the environment that types are checked in.
from trytond.cli import main as serve  # type: ignore[import-not-found]
from trytond.cli.admin import main as administer  # type: ignore[import-not-found]

if __name__ == "__main__":
    command = {"serve": serve, "administer": administer}[sys.argv.pop(1)]
    sys.exit(command())
