"""docker-compose.yml without Docker: it parses and hangs together; its commands: tests/deploy/."""

import re
from typing import Any

import pytest
import yaml

from engines import locations

COMPOSE: dict[str, Any] = yaml.safe_load((locations.PROJECT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]


def variables_in(text: str) -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{(\w+)", text))


def test_everything_that_makes_up_ledgerport_is_there() -> None:
    assert set(OURS) == {"web", "worker", "beat", "relay", "migrate", "prune", "sandbox"}
    assert set(SERVICES) - set(OURS) == {"postgres", "valkey"}


# Nobody asks what is done once, or once a day: Monitor tells what became of it.
@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate", "prune"}))
def test_each_service_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_exists(name: str) -> None:
    waits_for: dict[str, dict[str, str]] = SERVICES[name].get("depends_on", {})

    for other, condition in waits_for.items():
        if condition["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert SERVICES[other]["restart"] == "no"


def test_volumes_and_configs_are_declared() -> None:
    volumes = {
        volume.partition(":")[0] for one in SERVICES.values() for volume in one.get("volumes", [])
    }
    configs = {config["source"] for one in SERVICES.values() for config in one.get("configs", [])}

    assert volumes == COMPOSE["volumes"].keys()
    assert configs == COMPOSE["configs"].keys()


def test_the_example_names_every_variable() -> None:
    example = (locations.PROJECT / ".env.example").read_text()
    named = set(re.findall(r"^(?:# )?([A-Z_]+)=", example, flags=re.MULTILINE))

    asked_for: set[str] = set()
    for path in ("docker-compose.yml", "deploy/compose/scaled.yml"):
        asked_for |= variables_in((locations.PROJECT / path).read_text())
    handed_on = {name for name, value in SERVICES["web"]["environment"].items() if value is None}

    assert named == asked_for | handed_on


@pytest.mark.parametrize("name", OURS)
def test_a_health_check_in_python_is_python(name: str) -> None:
    test = SERVICES[name].get("healthcheck", {}).get("test", [])

    if test[1:3] == ["python", "-c"]:
        compile(test[3], name, "exec")
