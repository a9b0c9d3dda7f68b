"""How one server runs: from the command line and the environment."""

import os
from pathlib import Path

import msgspec

MINUTE = 60
DAY = 24 * 60 * MINUTE


class MissingSetting(Exception):
    """A setting without a sensible default is not in the environment."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Lifetimes in seconds; secrets stay out of `repr`."""

    directory: Path
    client_id: str
    client_secret: str
    control_key: str
    redirect_uris: tuple[str, ...] = ()
    client_name: str = "Ledgerport"
    code_lifetime: int = 10 * MINUTE
    access_lifetime: int = 30 * MINUTE
    refresh_lifetime: int = 60 * DAY
    refresh_grace: int = 30 * MINUTE
    requests_per_minute: int = 600

    def __repr__(self) -> str:
        return f"Config(directory={self.directory!r}, client_id={self.client_id!r})"


def from_environment(directory: Path, redirect_uris: tuple[str, ...]) -> Config:
    """:raises MissingSetting: naming the variable that is not set"""
    return Config(
        directory=directory,
        redirect_uris=redirect_uris,
        client_id=_required("SANDBOX_CLIENT_ID"),
        client_secret=_required("SANDBOX_CLIENT_SECRET"),
        control_key=_required("SANDBOX_CONTROL_KEY"),
        client_name=os.environ.get("SANDBOX_CLIENT_NAME", "Ledgerport"),
        access_lifetime=_number("SANDBOX_ACCESS_TOKEN_SECONDS", 30 * MINUTE),
        refresh_lifetime=_number("SANDBOX_REFRESH_TOKEN_SECONDS", 60 * DAY),
        refresh_grace=_number("SANDBOX_REFRESH_GRACE_SECONDS", 30 * MINUTE),
        requests_per_minute=_number("SANDBOX_REQUESTS_PER_MINUTE", 600),
    )


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise MissingSetting(f"{name} is not set")
    return value


def _number(name: str, default: int) -> int:
    return int(os.environ.get(name, default))
