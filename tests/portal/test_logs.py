"""What a line of the log looks like, and what never stands in one."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection
from django.test import Client

from companies import tenancy
from engines import locations
from portal import logs, processes
from portal.celery import app
from portal.logs import JsonLine, TextLine, WithoutTokens
from portal.proxies import networks
from tests import whole_way
from tests.factories import UserFactory
from tests.portal.test_production import start
from tests.real_sandbox import sandbox, sandbox_server  # noqa: F401

LINK = "/link/AyRL3TXTSjaAIXaYmESxz9bVeyJvUBqlogUG5nEyZ3o/files/"


class Lines(logging.Handler):
    """What the console would be given, as lines of JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLine())
        self.addFilter(WithoutTokens())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def parsed(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.lines]

    def one(self, words: str) -> dict[str, str]:
        (found,) = [line for line in self.parsed if words in line["message"]]
        return found


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def written(message: str, *args: object, error: BaseException | None = None) -> dict[str, str]:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord("sync", logging.ERROR, "", 0, message, args, info)
    text = JsonLine().format(record)
    assert "\n" not in text
    found: dict[str, str] = json.loads(text)
    return found


@pytest.mark.parametrize("way", ["/link/", "/link/invite/", "/invitations/", "/new-address/"])
def test_a_link_url_is_never_written_whole(way):
    args = ("Not Found", f"{way}AyRL3TXTSjaAIXaYmESxz9bVeyJvUBqlogUG5nEyZ3o/files/")
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "%s: %s", args, None)

    assert WithoutTokens().filter(record)

    assert record.getMessage() == f"Not Found: {way}…/files/"
    assert django_settings.LOGGING["handlers"]["console"]["filters"] == ["tokens"]


def test_a_line_of_json_says_when_who_and_what(monkeypatch):
    monkeypatch.setattr(processes, "_kind", "relay")
    with logs.about(request_id="r1"), logs.about(pull_id="p1"):
        line = written("pull %s:\nended", "p1")
    outside = written("done")

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {
        "level": "ERROR",
        "logger": "sync",
        "message": "pull p1:\nended",
        "process": "relay",
        "request_id": "r1",
        "pull_id": "p1",
    }
    assert "pull_id" not in outside


def test_an_exception_comes_with_its_trace_and_without_variables():
    def fail(secret: str) -> None:
        raise ValueError("no")

    try:
        fail(whole_way.MARK)
    except ValueError as error:
        line = written("broke", error=error)

    assert "in fail\n" in line["exception"]
    assert "ValueError: no" in line["exception"]
    assert "zqcanary" not in line["exception"]


def test_what_libraries_say_of_people_and_values_is_left_out(db):
    UserFactory(email="zqcanary@example.com")
    with pytest.raises(IntegrityError) as refused:
        UserFactory(email="zqcanary@example.com")

    line = written("%s for zqcanary@example.com at %s", refused.value, LINK, error=refused.value)

    assert "zqcanary" not in json.dumps(line)
    assert "duplicate key value violates unique constraint" in line["message"]
    assert "The above exception was the direct cause" in line["exception"]
    assert "AyRL3TXTSja" not in json.dumps(line)
    record = logging.LogRecord("x", logging.INFO, "", 0, "to zqcanary@example.com", (), None)
    assert TextLine().format(record) == "INFO x: to …@…"


# What lines are about


def test_lines_of_a_request_have_its_id_and_its_organization(client, organization, lines):
    response = client.get("/o/harbour/no-such-page/")

    assert lines.one("Not Found")["request_id"] == response["X-Request-ID"]
    with tenancy.entered(organization.pk):
        logging.getLogger("x").warning("inside")
    assert lines.one("inside")["organization_id"] == str(organization.pk)


@pytest.mark.parametrize(
    ("trusted", "told", "is_kept"),
    [
        ("127.0.0.1", "edge-7f.0_1", True),
        ("10.0.0.1", "edge-7f.0_1", False),
        ("127.0.0.1", "two words", False),
        ("127.0.0.1", "x" * 129, False),
        ("127.0.0.1", "", False),
    ],
)
def test_a_request_keeps_the_id_that_a_proxy_of_ours_gave_it(settings, trusted, told, is_kept):
    settings.TRUSTED_PROXIES = networks(trusted)

    response = Client().get("/accounts/no-such-page/", headers={"X-Request-ID": told})

    assert (response["X-Request-ID"] == told) == is_kept
    assert is_kept or re.fullmatch("[0-9a-f]{32}", response["X-Request-ID"])


def test_programs_are_told_one_id(db):
    response = Client().get("/api/companies")

    assert response["X-Correlation-Id"] == response["X-Request-ID"]


def test_lines_of_a_task_have_its_id(lines):
    @app.task(name="tests.says")
    def says() -> None:
        logging.getLogger("x").warning("in a task")

    try:
        answer = says.apply()
    finally:
        app.tasks.pop("tests.says")

    assert lines.one("in a task")["task_id"] == answer.id


# What never stands in one


@pytest.mark.django_db(transaction=True)
def test_the_whole_way_gives_nothing_away(sandbox, lines):
    walked = whole_way.walk(sandbox)
    Client().post("/accounts/login/", {"login": whole_way.EMAIL, "password": "zqcanary-wrong"})

    assert lines.one("Not Found")
    assert walked.found_in("\n".join(lines.lines)) == []
    assert all({"time", "level", "logger", "message", "process"} <= set(x) for x in lines.parsed)


@pytest.mark.django_db(transaction=True)
def test_what_breaks_on_the_way_gives_nothing_away(sandbox, lines, monkeypatch):
    def broken(pull, *_: object) -> None:
        held = [whole_way.PASSWORD, pull]
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / length(%s)", [""] if held else [])

    monkeypatch.setattr("sync.publishing.publish", broken)

    with pytest.raises(AssertionError):  # nothing arrived
        whole_way.walk(sandbox)

    [line] = [each for each in lines.lines if "broke off" in each]
    assert "division by zero" in line
    assert whole_way.MARK not in "\n".join(lines.lines)


# How processes are set up


def test_production_writes_json_unless_told_otherwise():
    says = "import logging; logging.getLogger('x').error('hello %s', 'there')"

    assert json.loads(start(then=says).stderr)["message"] == "hello there"
    assert start(then=says, LEDGERPORT_LOG_FORMAT="text").stderr == "ERROR x: hello there\n"
    assert "LEDGERPORT_LOG_FORMAT is 'xml'" in start(LEDGERPORT_LOG_FORMAT="xml").stderr


def test_why_a_process_ended_is_a_line_too():
    ended = start(then="import warnings; warnings.warn('old'); {}['gone']")

    warned, crashed = map(json.loads, ended.stderr.splitlines())
    assert warned["logger"] == "py.warnings"
    assert (crashed["level"], crashed["message"]) == ("CRITICAL", "ended")
    assert "KeyError: 'gone'" in crashed["exception"]


@pytest.mark.parametrize("access_log", [True, False])
def test_servers_write_as_all_others_do_and_never_what_was_asked_for(access_log):
    program = (
        "import logging, uvicorn; "
        f"config = uvicorn.Config('portal.asgi:application', access_log={access_log}); "
        "config.load(); logging.getLogger('uvicorn.error').error('bound'); "
        "print(logging.getLogger('uvicorn.access').hasHandlers())"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": "", "LEDGERPORT_ENV": "test", "LEDGERPORT_LOG_FORMAT": "json"}
        | {"DATABASE_URL": "postgresql://x@127.0.0.1/x", "REDIS_URL": "redis://127.0.0.1"},
        capture_output=True,
        text=True,
        cwd=locations.PROJECT,
        check=True,
    )

    assert said.stdout == "False\n"  # then uvicorn writes no access log
    line = json.loads(said.stderr)
    assert (line["logger"], line["message"], line["process"]) == ("uvicorn.error", "bound", "web")


@pytest.mark.parametrize("kind", ["worker", "beat"])
def test_celery_writes_as_all_others_do(kind, tmp_path):
    nowhere = {"DATABASE_URL": "postgresql://x@127.0.0.1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    with subprocess.Popen(
        [*(sys.executable, "-m", "celery", "-A", "portal", "--quiet", "--skip-checks"), kind],
        env={"PATH": "", "LEDGERPORT_ENV": "test", "LEDGERPORT_LOG_FORMAT": "json"}
        | {"PYTHONPATH": str(locations.PROJECT)}
        | nowhere,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
    ) as celery:
        assert celery.stderr is not None
        said = [json.loads(celery.stderr.readline()) for _ in range(2)]
        celery.kill()

    assert {line["process"] for line in said} == {kind}
