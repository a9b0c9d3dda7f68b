"""Each attack that was thought of has its tests, and each test that is named exists and runs."""

import ast
import re
from functools import cache

import pytest

from tests.attacks.table import ROWS
from tests.environments import ROOT

SECURITY = ROOT / "docs/security.md"


@cache
def found_in(path: str) -> dict[str, bool]:
    """Say of each test of a file whether it is left out."""
    found = {}
    tree = ast.parse((ROOT / "tests" / path).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "test" in node.name:
            marks = " ".join(ast.unparse(each) for each in node.decorator_list)
            found[node.name] = bool(re.search(r"\bmark\.(skip|xfail)", marks))
    return found


def assert_runs(node_id: str) -> None:
    path, _, name = node_id.partition("::")
    assert name in found_in(path), f"no test {node_id}"
    assert not found_in(path)[name], f"{node_id} is left out"


@pytest.mark.parametrize("number", ROWS)
def test_each_attack_is_tried(number):
    row = ROWS[number]

    assert row.tests or row.reason
    for node_id in row.tests:
        assert_runs(node_id)


def test_the_security_page_names_tests_that_exist():
    named = re.findall(r"`([\w/]+\.py::\w+)`", SECURITY.read_text())

    assert len(named) > 80
    for node_id in named:
        assert_runs(node_id)


def test_every_item_of_the_security_page_says_what_shows_it():
    table = SECURITY.read_text().partition("## ASVS")[2]
    rows = [line for line in table.splitlines() if re.match(r"\| \d", line)]

    assert len(rows) > 45
    for row in rows:
        assert len(row.split("|")[3].strip()) > 10, row
