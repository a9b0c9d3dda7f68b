"""What the platform saw of its tokens, and whether any of them lies where it should not."""

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from chaos.control import Control
from chaos.database import Database
from chaos.oracle.verdict import Verdict
from chaos.scenario import Scenario

_LIKE_A_TOKEN = re.compile(rb"[A-Za-z0-9_-]{43,}")
_SECRETS = (
    "LEDGERPORT_SECRET_KEY", "LEDGERPORT_ENCRYPTION_KEYS", "SANDBOX_CLIENT_SECRET",
    "SANDBOX_CONTROL_KEY",
)  # fmt: skip
#: What platforms say of their customers cannot hold our secrets, and is most of the database.
_BOOKS = {"sync_record", "sync_recordversion", "sync_stagedrecord", "sync_rejectedrecord"}
_OVERLAP = 200


def judge(control: Control, lost_answers: int, verdict: Verdict) -> None:
    """I9: a token is offered twice only where the answer to its use was lost."""
    for grant in control.grants():
        verdict.add("token refreshes", grant["refreshes"])
        verdict.add("tokens offered again after a lost answer", grant["reuses"])
    verdict.add("answers to refreshes lost on purpose", lost_answers)


def judge_secrecy(
    directory: Path, database: Database, scenario: Scenario, verdict: Verdict
) -> None:
    """I12: no secret in a log, in Valkey, or readable in the database."""
    secrets = {os.environ[name].encode() for name in _SECRETS}
    secrets |= {each.encode() for tenant in scenario.tenants for each in tenant.secrets}
    digests = _issued(directory / "sandbox")
    places = {path.name: _chunks(path) for path in directory.glob("*.log")}
    places |= {
        f"valkey/{each.name}": _chunks(each) for each in (directory / "valkey").rglob("*.aof")
    }
    tables = [
        row[0]
        for row in database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        if row[0] not in _BOOKS
    ]
    places |= {f"table {table}": database.text(table) for table in tables}
    for name, chunks in places.items():
        verdict.add("places searched for secrets", 1)
        for chunk in chunks:
            verdict.add("MB searched for secrets", len(chunk) / 1e6)
            if any(secret in chunk for secret in secrets):
                verdict.blame(f"a secret lies in {name}")
            for found in _LIKE_A_TOKEN.findall(chunk):
                if hashlib.sha256(found).hexdigest() in digests:
                    verdict.blame(f"a token of the platform lies in {name}")


def _issued(directory: Path) -> set[str]:
    """Return the digests of all tokens that the platform issued and has not forgotten."""
    digests: set[str] = set()
    for path in directory.glob("*.sqlite*"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as kept:
            for table in ("access_tokens", "refresh_tokens", "codes"):
                digests |= {row[0] for row in kept.execute(f"SELECT digest FROM {table}")}  # noqa: S608
        break
    if not digests:
        raise AssertionError(f"no tokens are known in {directory}")
    return digests


def _chunks(path: Path) -> Iterator[bytes]:
    """Read a file in pieces that overlap, so that nothing hides between two."""
    kept = b""
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield kept + chunk
            kept = chunk[-_OVERLAP:]
