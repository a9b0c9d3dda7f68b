"""A new adapter begins with a template that keeps the contract already."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

PACKAGES = [each.parent.name for each in settings.BASE_DIR.glob("*/__init__.py")]


@pytest.fixture
def root(tmp_path) -> Path:
    """A project whose folders are this one's, but for what the command makes."""
    for package in (*PACKAGES, "templates"):
        (tmp_path / package).symlink_to(settings.BASE_DIR / package)
    for package in ("connections", "tests"):
        (tmp_path / package).unlink()
        _overlay(
            settings.BASE_DIR / package, tmp_path / package, inside=("platforms", "connections")
        )
    (tmp_path / "pyproject.toml").write_text((settings.BASE_DIR / "pyproject.toml").read_text())
    return tmp_path


def _overlay(source: Path, target: Path, inside: tuple[str, ...]) -> None:
    target.mkdir()
    for each in source.iterdir():
        if each.is_dir() and each.name in inside:
            _overlay(each, target / each.name, inside)
        elif each.name != "__pycache__":
            (target / each.name).symlink_to(each)


@pytest.mark.full
def test_the_template_passes_every_check(root):
    call_command("startadapter", "freshbooks", "FreshBooks", root=root, verbosity=0)

    registry = root / "connections" / "platforms" / "__init__.py"
    lines = registry.read_text().replace(
        "from connections.platforms.sandbox import Sandbox",
        "from connections.platforms.freshbooks import FreshBooks\n"
        "from connections.platforms.sandbox import Sandbox",
    )
    registry.unlink()
    registry.write_text(
        lines.replace(
            '    "sandbox": Sandbox', '    "freshbooks": FreshBooks,\n    "sandbox": Sandbox'
        )
    )
    made = [
        str(path.relative_to(root))
        for path in (
            root / "connections/platforms/freshbooks",
            root / "tests/connections/platforms/freshbooks",
        )
    ]
    for command in (
        ["ruff", "check", "--no-cache", "--ignore", "I001", *made],  # imports sort by the key
        ["ruff", "format", "--check", "--no-cache", *made],
        ["pytest", "-q", "-n", "0", "-p", "no:cacheprovider", made[1]],
    ):
        ran = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("key", ["Fresh Books", "9lives", "../x", "sandbox"])
def test_a_key_that_cannot_be_one_is_refused(tmp_path, key):
    with pytest.raises(CommandError):
        call_command("startadapter", key, "Name", root=tmp_path)

    assert list(tmp_path.iterdir()) == []
