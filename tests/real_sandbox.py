"""Fixtures to import: the sandbox platform as a server, for tests that go all the way."""

import pytest

from sandbox.config import Config
from tests.sandbox.conftest import serving

CALLBACK = "http://127.0.0.1:8000/link/callback/sandbox"
CLIENT_ID, CLIENT_SECRET = "ledgerport", "client secret"


@pytest.fixture(scope="module")
def sandbox_server(tmp_path_factory):
    config = Config(
        directory=tmp_path_factory.mktemp("sandbox"),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        control_key="control key",
        redirect_uris=(CALLBACK,),
    )
    with serving(config) as visitor:
        yield visitor


@pytest.fixture
def sandbox(sandbox_server, settings):
    """The platform behind our settings, in good health again."""
    settings.SANDBOX_URL = str(sandbox_server.http.base_url).rstrip("/")
    settings.SANDBOX_CLIENT_ID, settings.SANDBOX_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    sandbox_server.control("DELETE", "faults")
    return sandbox_server
