"""Attacks are tried in the long run; that none is forgotten is looked at every time."""

from pathlib import Path

import pytest

_EVERY_TIME = {"test_static.py", "test_table.py"}


def pytest_collection_modifyitems(items):
    for item in items:
        path = Path(item.path)
        if path.parent == Path(__file__).parent and path.name not in _EVERY_TIME:
            item.add_marker(pytest.mark.full)
