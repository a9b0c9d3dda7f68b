"""The official clients in front of a running server, each in an environment of its own."""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.clients.cases import CASES, Case
from tests.clients.lending_cases import LENDING_CASES, LENDING_OPERATIONS
from tests.clients.operations import OPERATIONS
from tests.environments import ROOT, python_with
from tests.processes import until
from tests.server import Portal

_REQUIREMENTS = Path(__file__).with_name("requirements")
_LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class OfficialClient:
    name: str
    major: int
    requirements: Path
    #: What the environment must be able to import.
    package: str
    #: What runs in it.
    program: str
    table: tuple[Case, ...]
    #: By the client's method: HTTP method and path.
    operations: Mapping[str, tuple[str, str]]

    @property
    def cases(self) -> tuple[Case, ...]:
        return tuple(case for case in self.table if case.since <= self.major)

    def offered(self, portal: Portal) -> set[str]:
        """Return the client's methods whose operation our document names."""
        document = httpx.get(_api(portal, "openapi.json"), timeout=60).raise_for_status().json()
        paths = {
            (method.upper(), _nameless(path.removeprefix("/api")))
            for path, methods in document["paths"].items()
            for method in methods
        }
        return {
            name
            for name, (method, path) in self.operations.items()
            if (method, _nameless(path)) in paths
        }

    def run(self, portal: Portal, filled: dict[str, Any]) -> list[dict[str, Any]]:
        """Run all its cases, and return what came of each."""
        python = python_with(self.requirements, module=self.package)
        given = {
            "url": _api(portal),
            "major": self.major,
            "methods": sorted(self.offered(portal)),
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


def _platform(major: int, version: str) -> OfficialClient:
    return OfficialClient(
        name=f"codat-platform {version}",
        major=major,
        requirements=_REQUIREMENTS / f"platform{major}.txt",
        package="codat_platform",
        program="tests.clients.platform",
        table=CASES,
        operations=OPERATIONS,
    )


PLATFORM_6 = _platform(6, "6.0.0")
PLATFORM_5 = _platform(5, "5.0.1")
LENDING_12 = OfficialClient(
    name="codat-lending 12.0.0",
    major=12,
    requirements=_REQUIREMENTS / "lending12.txt",
    package="codat_lending",
    program="tests.clients.lending",
    table=LENDING_CASES,
    operations=LENDING_OPERATIONS,
)
CLIENTS = (PLATFORM_6, PLATFORM_5, LENDING_12)


def fill(portal: Portal) -> dict[str, Any]:
    """Have the server's side make what the cases ask about, and wait for the demo's books."""
    made: dict[str, Any] = json.loads(
        portal.run("-m", "tests.clients.inside", portal.company_id).splitlines()[-1]
    )
    with httpx.Client(auth=(made["keys"]["demo"], ""), timeout=60) as client:
        address = _api(portal, f"companies/{portal.company_id}/data/history?pageSize=100")
        # Not too often: it counts toward the day's requests.
        until(lambda: _are_over(client, address), seconds=240, every=1)
    return made


def table(outcomes: Iterable[dict[str, Any]]) -> str:
    """Write method → result, a line a case."""
    return "\n".join(
        f"{each['method']:<40} {each['case']:<44} {each['result']}"
        + (f"  PROBLEM: {each['problem']}" if each["problem"] else "")
        for each in outcomes
    )


def _are_over(client: httpx.Client, address: str) -> bool:
    pulls = client.get(address).raise_for_status().json()["results"]
    return bool(pulls) and all(each["completed"] for each in pulls)


def _api(portal: Portal, path: str = "") -> str:
    return f"{portal.url.rstrip('/')}/api/{path}".rstrip("/")


def _nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)
