"""Break the protection of tenants and rights in one place after the other, and print what saw it.

    python -m tests.attacks.mutants [--seed N] [--sample K]

Without `--sample` every mutant there is; with it, so many of each kind, chosen by the seed.
"""

import argparse
import os
import sys

import pytest

from tests.environments import ROOT

SEED, SAMPLE, ALL = "ATTACKS_SEED", "ATTACKS_SAMPLE", "all"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.mutants")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--sample", type=int, help="so many of each kind; without it, all")
    wanted = parser.parse_args()
    os.environ[SEED] = str(wanted.seed)
    os.environ[SAMPLE] = ALL if wanted.sample is None else str(wanted.sample)
    os.environ.setdefault("LEDGERPORT_ENV", "test")
    return pytest.main(["-q", "-n", "0", str(ROOT / "tests/attacks/test_mutants.py")])


if __name__ == "__main__":
    sys.exit(main())
