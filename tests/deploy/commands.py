"""Every command line of deploy/ and docker-compose.yml, with the environment it is given."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.environments import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = ROOT / "docker-compose.yml"
SCALED = DEPLOY / "compose" / "scaled.yml"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
KUBERNETES = DEPLOY / "kubernetes"
KINDS = ("web", "worker", "beat", "relay", "migrate", "prune")


class _Loader(yaml.SafeLoader):
    """Knows the two words that Compose adds to YAML."""


for _tag in ("!reset", "!override"):
    _Loader.add_constructor(_tag, lambda _loader, _node: None)


@dataclass(frozen=True)
class Command:
    """What is started somewhere."""

    where: str
    arguments: tuple[str, ...]
    stop_seconds: float
    #: Of those set beside the command; what all have in common may come from elsewhere.
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        words = [each.rpartition("/")[2] for each in self.arguments]
        return next(each for each in ("sandbox", *KINDS, "uvicorn") if each in words).replace(
            "uvicorn", "web"
        )


def compose_file(path: Path) -> dict[str, Any]:
    # Fields of a mapping that say nothing are handed on from the environment.
    return yaml.load(path.read_text(), _Loader)


def all_commands() -> list[Command]:
    return [*_of_compose(), *_of_systemd(), *_of_kubernetes()]


def manifests(directory: Path = KUBERNETES) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(directory.rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            yield path, document


def pod_of(document: dict[str, Any]) -> dict[str, Any]:
    spec = document.get("spec", {})
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    pod: dict[str, Any] = spec.get("template", {}).get("spec", {})
    return pod


def containers(document: dict[str, Any]) -> list[dict[str, Any]]:
    pod = pod_of(document)
    return [*pod.get("initContainers", []), *pod.get("containers", [])]


def _of_compose() -> Iterator[Command]:
    base = compose_file(COMPOSE)["services"]
    for path in (COMPOSE, SCALED):
        for name, service in compose_file(path)["services"].items():
            under = base.get(service.get("extends", {}).get("service", name), {})
            whole = under | service
            if "command" not in whole or (under or whole).get("image") != "ledgerport":
                continue
            yield Command(
                f"{path.relative_to(ROOT)} {name}",
                tuple(shlex.split(whole["command"])),
                _seconds(whole.get("stop_grace_period", "10s")),
                under.get("environment", {}) | service.get("environment", {}),
            )


def _of_systemd() -> Iterator[Command]:
    for path in UNITS:
        text = path.read_text()
        [start] = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
        stop = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
        variables = dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE))
        # As systemd does: a specifier and a variable that the unit itself sets.
        for old, new in {"%i": "pulls", "%H": "host", "${WORKER_PROCESSES}": "2"}.items():
            start = start.replace(old, new)
        yield Command(
            str(path.relative_to(ROOT)),
            tuple(shlex.split(start)),
            float(stop[1]) if stop else 90,
            variables,
        )


def _of_kubernetes() -> Iterator[Command]:
    for path, document in manifests():
        for container in containers(document):
            if container["image"] != "ledgerport" or container["command"][0] == "sh":
                continue
            yield Command(
                f"{path.relative_to(ROOT)} {container['name']}",
                tuple(container["command"]),
                pod_of(document).get("terminationGracePeriodSeconds", 30),
                {each["name"]: each["value"] for each in container.get("env", [])},
            )


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))
