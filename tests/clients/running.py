"""The official clients in front of a running server, each in an environment of its own."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.clients.cases import CASES, Case
from tests.clients.operations import OPERATIONS
from tests.environments import ROOT, python_with
from tests.server import Portal

_REQUIREMENTS = Path(__file__).with_name("requirements")
_LONGEST = 300


@dataclass(frozen=True)
class OfficialClient:
    name: str
    requirements: Path
    major: int
    #: What the environment must be able to import.
    package: str
    #: What runs in it.
    program: str

    @property
    def cases(self) -> tuple[Case, ...]:
        return tuple(case for case in CASES if case.since <= self.major)

    def run(self, portal: Portal, filled: dict[str, Any]) -> list[dict[str, Any]]:
        """Run all its cases, and return what came of each."""
        python = python_with(self.requirements, module=self.package)
        given = {
            "url": f"{portal.url.rstrip('/')}/api",
            "methods": sorted(offered(portal)),
            "major": self.major,
            **filled,
        }
        ended = subprocess.run(
            [str(python), "-m", self.program],
            cwd=ROOT,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr[-4000:]
        return [json.loads(line) for line in ended.stdout.splitlines()]


PLATFORM_6 = OfficialClient(
    "codat-platform 6.0.0",
    _REQUIREMENTS / "platform6.txt",
    6,
    "codat_platform",
    "tests.clients.platform",
)
PLATFORM_5 = OfficialClient(
    "codat-platform 5.0.1",
    _REQUIREMENTS / "platform5.txt",
    5,
    "codat_platform",
    "tests.clients.platform",
)
CLIENTS = (PLATFORM_6, PLATFORM_5)


def fill(portal: Portal) -> dict[str, Any]:
    """Have the server's side make what the cases ask about."""
    made: dict[str, Any] = json.loads(
        portal.run("-m", "tests.clients.inside", portal.company_id).splitlines()[-1]
    )
    return made


def offered(portal: Portal) -> set[str]:
    """Return the client's methods whose operation our document names."""
    document = httpx.get(f"{portal.url.rstrip('/')}/api/openapi.json").raise_for_status().json()
    paths = {
        (method.upper(), path.removeprefix("/api"))
        for path, methods in document["paths"].items()
        for method in methods
    }
    return {name for name, operation in OPERATIONS.items() if operation in paths}


def table(outcomes: Iterable[dict[str, Any]]) -> str:
    """Write method → result, a line a case."""
    return "\n".join(
        f"{each['method']:<40} {each['case']:<44} {each['result']}"
        + (f"  PROBLEM: {each['problem']}" if each["problem"] else "")
        for each in outcomes
    )
