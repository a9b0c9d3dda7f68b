"""Begin an adapter from the template; docs/adapters.md tells how to go on."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template import Context, Engine

from connections.platforms import PLATFORMS

_TEMPLATE = Path(__file__).resolve().parents[2] / "platform_template"
_CODE_LETTERS = 4


class Command(BaseCommand):
    requires_system_checks = ()  # it asks no database, and none is started for it
    help = "Make the folders of a new adapter and its tests, complete enough to pass the contract."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="names it in code and addresses: freshbooks")
        parser.add_argument("name", help="names it in sentences: FreshBooks")
        parser.add_argument(
            "--root", type=Path, default=settings.BASE_DIR, help="the project's directory"
        )

    def handle(self, *, key: str, name: str, root: Path, **_: Any) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{2,30}", key):
            raise CommandError("The key is a Python name in lower case, such as freshbooks.")
        folders = {
            "adapter": root / "connections" / "platforms" / key,
            "tests": root / "tests" / "connections" / "platforms" / key,
        }
        if key in PLATFORMS or any(folder.exists() for folder in folders.values()):
            raise CommandError(f"There is an adapter {key} already.")
        class_name = re.sub(r"[^A-Za-z0-9]", "", name)
        words = {
            "key": key,
            "name": name,
            "class_name": class_name[:1].upper() + class_name[1:],
            "code": key.replace("_", "").ljust(_CODE_LETTERS, "x")[:_CODE_LETTERS],
        }
        for source, folder in folders.items():
            for path in _write(_TEMPLATE / source, folder, words):
                self.stdout.write(f"made {path.relative_to(root)}")
        self.stdout.write(
            f"\nNow enter {words['class_name']} in connections/platforms/__init__.py and run\n"
            f"  python -m pytest tests/connections/platforms/{key}"
        )


def _write(source: Path, folder: Path, words: dict[str, str]) -> list[Path]:
    folder.mkdir(parents=True)
    engine, written = Engine(autoescape=False), []
    for template in sorted(source.glob("*-tpl")):
        path = folder / template.name.removesuffix("-tpl")
        path.write_text(engine.from_string(template.read_text()).render(Context(words)))
        written.append(path)
    return written
