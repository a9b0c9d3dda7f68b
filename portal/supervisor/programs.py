"""What runs: the command line of each process."""

import os
from pathlib import Path

from portal.supervisor.children import Program


def sandbox(*, host: str, port: int, data_dir: Path, redirect_uri: str) -> Program:
    return Program.python(
        "sandbox", "-m", "sandbox", "--host", host, "--port", str(port),
        "--data", data_dir / "sandbox", "--redirect-uri", redirect_uri,
    )  # fmt: skip


def web(*, host: str, port: int) -> Program:
    # Without a graceful timeout an open stream keeps the server alive for ever.
    # Whose proxies are believed is the settings' to say.
    # No access log: a Link URL in it would be a key left lying about.
    return Program.python(
        "web", "-m", "uvicorn", "portal.asgi:application", "--host", host, "--port", str(port),
        "--timeout-graceful-shutdown", "2", "--no-proxy-headers",
        "--log-level", "warning", "--no-access-log",
    )  # fmt: skip


def worker(*, ready: Path) -> Program:
    # SIGQUIT puts unfinished messages back instead of waiting for pulls that take minutes.
    return _celery(
        "worker", "--pool", "prefork", "--concurrency", "2", "--without-mingle", "--without-gossip",
        ready=ready, patience=10, environment={"REMAP_SIGTERM": "SIGQUIT"} | _metrics_port(0),
    )  # fmt: skip


def beat(*, ready: Path) -> Program:
    # Kept in memory: what is due is read from PostgreSQL, and a file may not survive kill -9.
    # A process of its own: a beat inside a killed worker lives on, and then there are two.
    return _celery(
        "beat", "--scheduler", "portal.ticks:Ticks", "--pidfile=",
        ready=ready, environment=_metrics_port(1),
    )  # fmt: skip


def relay(*, ready: Path) -> Program:
    # Messages on their way get a moment; those that do not arrive in it come again.
    ready.unlink(missing_ok=True)
    return Program.python(
        "relay", "manage.py", "relay",
        environment={"LEDGERPORT_PROCESS_READY": str(ready)} | _metrics_port(2), patience=10,
    )  # fmt: skip


def management(name: str, command: str, *arguments: str | Path) -> Program:
    return Program.python(name, "manage.py", command, *arguments)


def _celery(
    name: str,
    *arguments: str,
    ready: Path,
    patience: float = 5,
    environment: dict[str, str] | None = None,
) -> Program:
    ready.unlink(missing_ok=True)
    return Program.python(
        name, "-m", "portal.supervisor.celery_process", "-A", "portal", "--quiet", "--skip-checks",
        name, *arguments, "--loglevel", "WARNING",
        environment={"LEDGERPORT_PROCESS_READY": str(ready), **(environment or {})},
        patience=patience,
    )  # fmt: skip


def _metrics_port(number: int) -> dict[str, str]:
    """Give each its own, counted from the one that is wanted, if any."""
    wanted = os.environ.get("LEDGERPORT_METRICS_PORT")
    return {"LEDGERPORT_METRICS_PORT": str(int(wanted) + number)} if wanted else {}
