"""What leaves for Sentry when something breaks, and all that does not."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import sentry_sdk
from django.test import Client
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from engines import locations
from portal import sentry
from portal.celery import app
from tests import whole_way
from tests.factories import UserFactory
from tests.portal.test_production import start as start_in_production

DSN = "https://key@sentry.example/1"
MARK = whole_way.MARK


class Sent(Transport):
    """Keeps what would have left."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, object]] = []
        self.text = ""

    def capture_envelope(self, envelope: Envelope) -> None:
        self.text += envelope.serialize().decode()
        if (event := envelope.get_event()) is not None:
            self.events.append(json.loads(json.dumps(event)))


@pytest.fixture
def sent(monkeypatch) -> Iterator[Sent]:
    transport = Sent()
    monkeypatch.setattr(sentry, "_is_on", False)
    sentry.start(DSN, release="1.2.3", transport=transport)
    yield transport
    sentry_sdk.init(default_integrations=False, auto_enabling_integrations=False)


@pytest.fixture
def broken(monkeypatch):
    """Sign-in breaks, with everything about the person in its hands."""

    def fail(request, *_args: object, **_kwargs: object):
        password = request.POST["password"]
        held = {"password": password, "everything": repr(request.POST)}
        raise RuntimeError(f"nothing to sign in {request.POST['login']} with" * bool(held))

    monkeypatch.setattr("allauth.account.forms.LoginForm.clean", lambda form: fail(form.request))


def test_a_request_that_breaks_is_told_without_whom_it_was_about(db, sent, broken):
    UserFactory(email=f"{MARK}@example.com", name=f"{MARK} Archer")
    response = Client(raise_request_exception=False).post(
        f"/accounts/login/?next=/{MARK}",
        {"login": f"{MARK}@example.com", "password": f"{MARK}-password"},
        headers={"Cookie": f"a={MARK}", "X-Y": MARK},
    )

    assert response.status_code == 500
    (event,) = sent.events
    assert event["logger"] == "django.request"
    assert event["release"] == "1.2.3"
    assert event["tags"]["request_id"] == response["X-Request-ID"]
    (exception,) = event["exception"]["values"]
    assert exception["value"] == "nothing to sign in …@… with"
    assert exception["stacktrace"]["frames"][-1]["function"] == "fail"
    assert MARK not in sent.text
    assert set(event) <= {*sentry._KEPT, "tags", "logentry", "exception"}


def test_a_task_that_breaks_is_told_without_its_arguments(sent):
    @app.task(name="tests.breaks")
    def breaks(secret: str) -> None:
        raise ValueError("out of order")

    try:
        breaks.apply(kwargs={"secret": MARK})
    finally:
        app.tasks.pop("tests.breaks")

    assert [each["exception"]["values"][-1]["value"] for each in sent.events] == ["out of order"]
    assert MARK not in sent.text


def test_lines_below_errors_stay_here(sent):
    logging.getLogger("x").warning("odd")
    logging.getLogger("x").error("bad %s of %s@example.com", "end", MARK)

    (event,) = sent.events
    assert event["logentry"]["formatted"] == "bad end of …@…"
    assert "vars" not in sent.text
    assert "breadcrumbs" not in event
    assert "server_name" not in event


def test_without_an_address_nothing_is_told(monkeypatch):
    monkeypatch.setattr(sentry, "import_module", pytest.fail)

    sentry.start("")
    sentry.end()


def test_without_the_package_it_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with pytest.raises(sentry.MissingPackages, match="uv sync --extra sentry"):
        sentry.start(DSN)


def test_web_processes_begin_with_it():
    says = "import portal.asgi, sentry_sdk; print(sentry_sdk.get_client().options['dsn'])"

    assert start_in_production(then=says, SENTRY_DSN=DSN).stdout == f"{DSN}\n"
    assert (
        subprocess.run(
            [sys.executable, "-c", "import portal.sentry, sys; print('sentry_sdk' in sys.modules)"],
            capture_output=True,
            text=True,
            cwd=locations.PROJECT,
            check=True,
        ).stdout
        == "False\n"
    )
