"""Ledgerport as the files of deploy/ start it: their command lines, in production, without Docker.

PostgreSQL and Valkey are those of the test session; the database, and the logical one of Valkey,
are its own. Where it is pooled, PgBouncer stands before PostgreSQL with the settings and the
statements of deploy/, and the processes have the login that owns nothing.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import psycopg
import redis
from psycopg import sql

from chaos.proxy import Proxy
from companies.rls import APP_ROLE
from engines import locations, process
from portal.supervisor.readiness import address, chosen_port
from tests.databases import drop_database
from tests.deploy.commands import COMPOSE, DEPLOY, SCALED, Command, all_commands, compose_file
from tests.environments import ROOT
from tests.processes import until
from tests.webhooks.sink import Sink, serving

_HOST = "127.0.0.1"
_REDIS_DATABASE = 11
PASSWORD = "a-password-of-nobody"
_WEB_LOGIN = "ledgerport_web"
#: What deploy/ says is for a larger machine than the one that tests run on.
POOL_SIZE = 12


class Installation:
    """Everything that makes it up, in `with`; processes are started one by one, by their names."""

    def __init__(self, *, pooled: bool) -> None:
        self.is_pooled = pooled
        self.name = f"deploy_{uuid4().hex[:12]}"
        self._login = f"{_WEB_LOGIN}_{self.name}"
        # Open to PgBouncer, which refuses to be root.
        self.directory = Path(tempfile.mkdtemp(prefix="ledgerport-deploy-"))
        self.directory.chmod(0o755)
        self._files = self.directory / "files"
        self._web_port = chosen_port(_HOST, 0)
        #: Of those that are several.
        self._web_ports: dict[str, int] = {}
        self._sandbox_port = chosen_port(_HOST, 0)
        self._pooler_port = chosen_port(_HOST, 0)
        self.url = address(_HOST, self._web_port)
        self.sink = Sink()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()
        self._to_database = Proxy(locations.postgres_socket_dir() / ".s.PGSQL.5432")
        self._commands: dict[str, Command] = {each.where: each for each in all_commands()}

    def __enter__(self) -> Self:
        try:
            self._prepare()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What it is made of

    def _prepare(self) -> None:
        for kept in (self._files, self.directory / "sandbox"):
            kept.mkdir()
        self._stack.enter_context(self._to_database)
        self._stack.enter_context(serving(self.sink))
        self._empty_valkey()
        with self._superuser("postgres") as postgres:
            postgres.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(self.name), sql.Identifier(locations.ROLE)
                )
            )
            if self.is_pooled:
                self._make_login(postgres)
        if self.is_pooled:
            self._start_pooler()
        self.complete("docker-compose.yml migrate", DATABASE_URL=self._owner_url)
        self.manage("collectstatic", "--no-input", "--verbosity", "0")
        self._start("sandbox", "docker-compose.yml sandbox")
        until(lambda: _answers(f"{address(_HOST, self._sandbox_port)}/health"), seconds=60)

    def stop(self) -> None:
        for child in self._running.values():
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self._running.clear()
        self._stack.close()
        self._empty_valkey()
        with self._superuser("postgres") as postgres:
            drop_database(postgres, self.name)
            postgres.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self._login)))
        shutil.rmtree(self.directory, ignore_errors=True)

    def _make_login(self, postgres: psycopg.Connection) -> None:
        """Say what the Compose file has PostgreSQL do at its first start."""
        statements: str = compose_file(SCALED)["configs"]["pooled-login"]["content"]
        statements = statements.replace("${POSTGRES_WEB_PASSWORD}", PASSWORD)
        for statement in filter(str.strip, statements.split(";")):
            try:
                postgres.execute(re.sub(rf"\b{_WEB_LOGIN}\b", self._login, statement).encode())
            except psycopg.errors.DuplicateObject:
                # The roles belong to the server, which has other databases here.
                assert "CREATE ROLE ledgerport_" in statement
                assert _WEB_LOGIN not in statement

    def _start_pooler(self) -> None:
        settings = (DEPLOY / "pgbouncer" / "pgbouncer.ini").read_text()
        logins = self.directory / "userlist.txt"
        logins.write_text(f'"{self._login}" "{PASSWORD}"\n')
        changes = {
            "ledgerport = host=postgres port=5432 dbname=ledgerport": (
                f"{self.name} = host={_HOST} port={self._to_database.port} dbname={self.name}"
            ),
            "listen_addr = *": f"listen_addr = {_HOST}",
            "listen_port = 6432": f"listen_port = {self._pooler_port}",
            "/etc/pgbouncer/userlist.txt": str(logins),
            "default_pool_size = 40": f"default_pool_size = {POOL_SIZE}",
        }
        for old, new in changes.items():
            assert old in settings
            settings = settings.replace(old, new)
        (self.directory / "pgbouncer.ini").write_text(settings)
        user = ("--user", "nobody") if os.geteuid() == 0 else ()
        self._spawn("pgbouncer", ["pgbouncer", *user, str(self.directory / "pgbouncer.ini")], {})
        until(lambda: _listens(self._pooler_port))

    # Its processes

    def start(self, names: Iterable[str], where: str, **variables: str) -> None:
        """Start processes under names of their own with one command of deploy/."""
        for name in names:
            self._start(name, where, **variables)

    def _start(self, name: str, where: str, **variables: str) -> None:
        command = self._commands[where]
        own = {key: value for key, value in command.variables.items() if key.startswith("REMAP")}
        own["LEDGERPORT_PROCESS_READY"] = str(self.directory / f"{name}.ready")
        self._spawn(name, self._here(command, name), self._environment() | own | variables)

    def complete(self, where: str, **variables: str) -> None:
        """Run a command of deploy/ to its end."""
        subprocess.run(
            self._here(self._commands[where], "once"),
            check=True,
            cwd=ROOT,
            env=self._environment() | variables,
            stdout=subprocess.DEVNULL,
        )

    def manage(self, *arguments: str, **variables: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            check=True,
            cwd=ROOT,
            env=self._environment() | variables,
        )

    def start_proxy(self, *names: str) -> str:
        """Start nginx before web processes with the settings of deploy/, and answer its address.

        Where Docker's name server names them all, a list of theirs does here.
        """
        port = chosen_port(_HOST, 0)
        site = (DEPLOY / "nginx" / "ledgerport.conf").read_text()
        for old, new in {
            "listen 8000": f"listen {_HOST}:{port}",
            "http://web:8000": "http://web" if names else self.url,
        }.items():
            assert old in site
            site = site.replace(old, new)
        # One that has just come back is asked at once, as a name that is resolved anew is.
        servers = "".join(f"server {_HOST}:{self._web_ports[name]} max_fails=0;" for name in names)
        kept = f"upstream web {{ {servers} }} " if names else ""
        place = self.directory / "nginx"
        place.mkdir()
        # Of a container's own, where it may write anywhere.
        kept += "".join(
            f"{kind}_temp_path {place}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        whole = place / "nginx.conf"
        whole.write_text(
            f"daemon off; pid {place}/pid; error_log stderr; events {{}}\nhttp {{ {kept}\n{site} }}"
        )
        self._spawn("nginx", ["nginx", "-c", str(whole), "-p", str(place)], {})
        until(lambda: _listens(port))
        return address(_HOST, port)

    def run(self, command: list[str], *, seconds: float) -> None:
        """Run what finds our programs by their names.

        :raises subprocess.TimeoutExpired: when it does not end.
        """
        environment = self._environment()
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        with subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True) as child:
            try:
                assert child.wait(seconds) == 0
            finally:
                process.kill_group(child.pid)

    def terminate(self, name: str) -> float:
        """Ask a process to stop, as a deployment does; answer how many seconds it took."""
        child, began = self._running.pop(name), time.monotonic()
        child.send_signal(signal.SIGTERM)
        child.wait(60)
        return time.monotonic() - began

    def dead(self) -> list[str]:
        return [name for name, child in self._running.items() if child.poll() is not None]

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text(errors="replace")

    def is_ready(self, name: str = "web") -> bool:
        return _answers(f"{address(_HOST, self._web_ports.get(name, self._web_port))}/ready")

    def _spawn(self, name: str, arguments: list[str], environment: dict[str, str]) -> None:
        with (self.directory / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                arguments,
                cwd=ROOT,
                env=environment or None,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _here(self, command: Command, name: str) -> list[str]:
        """Give the same command with programs, ports and places of this machine."""
        program, *arguments = command.arguments
        port = self._sandbox_port if command.kind == "sandbox" else self._port_of(name)
        places = {
            "0.0.0.0": _HOST,
            "8000": str(port),
            "8100": str(port),
            "/tmp/beat-schedule": str(self.directory / f"{name}.schedule"),
            "/tmp/beat.pid": str(self.directory / f"{name}.pid"),
            "/var/lib/ledgerport/sandbox": str(self.directory / "sandbox"),
            "${LEDGERPORT_BASE_URL}/link/callback/sandbox": f"{self.url}/link/callback/sandbox",
        }
        found = [places.get(each, each) for each in arguments]
        if command.kind == "worker":
            # Each container has a name of its own.
            found += ["--hostname", f"{name}@{self.name}"]
        return [str(Path(sys.executable).parent / Path(program).name), *found]

    def _port_of(self, name: str) -> int:
        """The web process named so has its own; of others there is one."""
        if name.startswith("web-"):
            self._web_ports.setdefault(name, chosen_port(_HOST, 0))
        return self._web_ports.get(name, self._web_port)

    def _environment(self) -> dict[str, str]:
        """Set what the Compose file sets, with the addresses of this machine, and nothing else."""
        values = {
            "LEDGERPORT_ENV": "production",
            "LEDGERPORT_BASE_URL": self.url,
            "LEDGERPORT_EXTRA_HOSTS": "localhost",
            "LEDGERPORT_TRUSTED_PROXIES": "",
            "LEDGERPORT_SECRET_KEY": "k" * 50,
            "LEDGERPORT_ENCRYPTION_KEYS": "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            "LEDGERPORT_WEBHOOK_PORTS": str(httpx.URL(self.sink.url).port),
            "DATABASE_URL": self._pooled_url if self.is_pooled else self._owner_url,
            "REDIS_URL": self._redis_url,
            "LEDGERPORT_FILES_ROOT": str(self._files),
            "SANDBOX_URL": address(_HOST, self._sandbox_port),
            "SANDBOX_CLIENT_ID": "ledgerport",
            "SANDBOX_CLIENT_SECRET": "s" * 40,
            "SANDBOX_CONTROL_KEY": "c" * 40,
        }
        named: dict[str, str | None] = compose_file(COMPOSE)["services"]["web"]["environment"]
        assert values.keys() <= named.keys()
        return {
            "PATH": os.environ["PATH"],
            # The sink, the sandbox and the server for static files are on this machine.
            "LEDGERPORT_ALLOW_PRIVATE_ADDRESSES": "1",
            "LEDGERPORT_STATIC_ROOT": str(self.directory / "static"),
            "PYTHONUNBUFFERED": "1",
            **values,
        }

    # Who looks at it

    def seed(self) -> dict[str, Any]:
        """Make an organization with a linked company, and answer how to use it."""
        told = self.directory / "demo.json"
        self.manage(
            "seed_demo", "--skip-checks", "--output", str(told), LEDGERPORT_DEMO_PASSWORD=PASSWORD
        )
        found: dict[str, Any] = json.loads(told.read_text())
        return found

    def ask(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask PostgreSQL itself, past every role and policy."""
        with self._superuser(self.name) as postgres:
            found = postgres.execute(statement.encode(), parameters or None)
            return found.fetchall() if found.description else []

    def number(self, statement: str, *parameters: Any) -> int:
        return int(self.ask(statement, *parameters)[0][0] or 0)

    def server_connections(self) -> int:
        """Count what the application has open at PostgreSQL."""
        login = self._login if self.is_pooled else locations.ROLE
        return self.number(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = %s",
            login,
        )

    def wait_for(self, what: str, condition: Callable[[], object], seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(
                    f"{path.name}: {path.read_text(errors='replace')[-2000:]}"
                    for path in sorted(self.directory.glob("*.log"))
                )
                raise TimeoutError(f"{what}: not within {seconds:.0f} s\n{logs}")
            time.sleep(0.2)

    def as_application(self) -> psycopg.Connection:
        """Connect as a process of the application does."""
        return psycopg.connect(
            self._environment()["DATABASE_URL"],
            autocommit=True,
            options=f"-c role={APP_ROLE}",
            prepare_threshold=None,
        )

    def _superuser(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(locations.postgres_socket_dir()),
            user="postgres",
            dbname=database,
            autocommit=True,
        )

    def _empty_valkey(self) -> None:
        with redis.Redis.from_url(self._redis_url) as valkey:
            valkey.flushdb()

    @property
    def _redis_url(self) -> str:
        return f"unix://{locations.valkey_socket()}?db={_REDIS_DATABASE}"

    @property
    def _owner_url(self) -> str:
        return f"postgresql://{locations.ROLE}@{_HOST}:{self._to_database.port}/{self.name}"

    @property
    def _pooled_url(self) -> str:
        return f"postgresql://{self._login}:{PASSWORD}@{_HOST}:{self._pooler_port}/{self.name}"


@contextmanager
def signed_in(
    installation: Installation, demo: dict[str, Any], *, at: str = ""
) -> Iterator[httpx.Client]:
    """Open a browser in which somebody is signed in, through a proxy if that has an address."""
    with httpx.Client(
        base_url=at or installation.url, trust_env=False, timeout=30, follow_redirects=True
    ) as browser:
        browser.get("/accounts/login/").raise_for_status()
        answer = browser.post(
            "/accounts/login/",
            data={"login": demo["email"], "password": demo["password"]},
            headers={"X-CSRFToken": browser.cookies["csrftoken"]},
        )
        assert answer.is_success
        assert "sessionid" in browser.cookies
        browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        yield browser


def program(installation: Installation, demo: dict[str, Any], *, at: str = "") -> httpx.Client:
    """Return a client of the API."""
    return httpx.Client(
        base_url=f"{at or installation.url}/api",
        auth=(demo["api_key"], ""),
        trust_env=False,
        timeout=30,
    )


def have_told(api: httpx.Client, url: str) -> None:
    """Have an endpoint told of new companies."""
    asked = api.post("/webhooks", json={"url": url, "eventTypes": ["company.created"]})
    assert asked.status_code == 201, asked.text


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_HOST, port)) == 0
