"""The environment of a development installation: its secrets are made once."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from portal.supervisor.files import write_private


def development_secrets(data_dir: Path) -> dict[str, str]:
    """Read the installation's secrets, made the first time, by the names of their variables."""
    path = data_dir / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name, make in _MAKERS.items() if name not in known}
    if missing:
        data_dir.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(known | missing, indent=2))
    return known | missing


def use_development_environment(data_dir: Path) -> None:
    """Fill in what the settings need, leaving alone what the user has set."""
    # Many images set it; each of our processes would then compile everything anew when it starts.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("LEDGERPORT_ENV", "development")
    for name, value in development_secrets(data_dir).items():
        os.environ.setdefault(name, value)


def is_production() -> bool:
    """Tell whether somebody said so; the settings take every unknown word for it, too."""
    return os.environ.get("LEDGERPORT_ENV", "development") not in {"development", "test"}


def _encryption_key() -> str:
    return f"dev1:{base64.b64encode(secrets.token_bytes(32)).decode()}"


_MAKERS: dict[str, Callable[[], str]] = {
    "LEDGERPORT_SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "LEDGERPORT_ENCRYPTION_KEYS": _encryption_key,
    "LEDGERPORT_DEMO_PASSWORD": lambda: secrets.token_urlsafe(9),
    "SANDBOX_CLIENT_ID": lambda: "ledgerport",
    "SANDBOX_CLIENT_SECRET": lambda: secrets.token_urlsafe(32),
    "SANDBOX_CONTROL_KEY": lambda: secrets.token_urlsafe(32),
}
