"""Every example of docs/api.md runs as it stands there."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.clients.running import PLATFORM_6, fill
from tests.environments import ROOT, python_with
from tests.server import environment, running

DOCUMENT = (ROOT / "docs" / "api.md").read_text()
SHELL, CLIENT, RECEIVER, *EXTRA_DATA = re.findall(
    r"```(?:sh|python)\n(.*?)```", DOCUMENT, re.DOTALL
)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_SIGN = """
import datetime, json, os, sys
from standardwebhooks import Webhook
body, moment = '{"eventType": "company.created"}', datetime.datetime.now(datetime.timezone.utc)
print(json.dumps({
    "webhook-id": "msg_1",
    "webhook-timestamp": str(int(moment.timestamp())),
    "webhook-signature": Webhook(os.environ["WEBHOOK_SECRET"]).sign("msg_1", moment, body),
}))
"""

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def variables(tmp_path_factory):
    with running(tmp_path_factory.mktemp("documentation")) as portal:
        keys = fill(portal)["keys"]
        yield environment(LEDGERPORT_URL=portal.url.rstrip("/"), LEDGERPORT_API_KEY=keys["demo"])


def run(command, variables):
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_curl(variables):
    if shutil.which("curl") is None:
        pytest.skip("no curl")
    printed = run(["sh", "-ec", SHELL], variables)
    assert printed.count('"Northgate Bakery"') == 2


def test_extra_data_is_configured(variables):
    if shutil.which("curl") is None:
        pytest.skip("no curl")
    supplement, custom = EXTRA_DATA
    assert run(["sh", "-ec", supplement], variables) == ""
    assert '"dataSource": "/projects"' in run(["sh", "-ec", custom], variables)


def test_the_official_client(variables):
    python = python_with(PLATFORM_6.requirements, module=PLATFORM_6.package)
    printed = run([python, "-c", CLIENT], variables)
    assert "Harbour & Finch Coffee Roasters invoices" in printed


def test_the_webhook_receiver(tmp_path):
    python = python_with(
        Path(__file__).with_name("requirements") / "webhooks.txt", module="standardwebhooks"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    headers = httpx.Response(200, text=run([python, "-c", _SIGN], variables)).json()
    log = tmp_path / "printed"
    with log.open("wb") as output:
        receiver = subprocess.Popen([python, "-c", RECEIVER], env=variables, stdout=output)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                answer = httpx.post(
                    f"http://127.0.0.1:{port}/",
                    content='{"eventType": "company.created"}',
                    headers=headers,
                )
                break
            except httpx.ConnectError:
                assert time.monotonic() < until
                time.sleep(0.1)
        assert answer.status_code == 204
        forged = httpx.post(f"http://127.0.0.1:{port}/", content="{}", headers=headers)
        assert forged.status_code == 401
    finally:
        receiver.terminate()
        receiver.wait()
    assert log.read_text() == "company.created\n"
