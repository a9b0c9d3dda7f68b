"""The cast: Alice administers Harbour Lending; Bob belongs to Quay Capital and must see nothing."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.db import connection

from companies import data_keys, tenancy
from companies.models import Membership
from companies.roles import Role
from connections.platforms import http
from portal import crypto, valkey
from sync import engine
from tests.factories import CompanyFactory, MembershipFactory, OrganizationFactory, UserFactory

# A busy machine is slow to make examples: that says nothing of the code.
hypothesis.settings.register_profile(
    "ledgerport", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("ledgerport")

#: Nor does a worker on it get through a connection's pulls in the time it has for one.
engine.TIME_BUDGET = timedelta(minutes=1)

#: A password's hash is slow on purpose; hundreds of tests sign in.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


#: Left to the long run: adapters of single vendors, and the sandbox platform's own books. What all
#: platforms have in common is tried at the sandbox's adapter every time.
LONG = [
    Path(__file__).parent / each
    for each in ("connections/platforms/quickbooks", "connections/platforms/xero", "sandbox")
]


def pytest_itemcollected(item):
    if any(item.path.is_relative_to(each) for each in LONG):
        item.add_marker(pytest.mark.full)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Put the browser tests last.

    Playwright leaves an event loop running in this thread, in which Django refuses the database.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_terminal_summary(terminalreporter):
    """Print what tests have to say of themselves, whichever process ran them."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, text in report.user_properties:
            if name == "summary":
                terminalreporter.section(report.nodeid)
                terminalreporter.write_line(text)


@pytest.fixture(autouse=True)
def _valkey_is_asked(monkeypatch):
    """Whoever was left without an answer in one test keeps nobody from asking in the next."""
    monkeypatch.setattr(valkey, "_avoided_until", float("-inf"))


@pytest.fixture
def dead_process() -> str:
    """Name a process of this machine that has ended."""
    program = "from portal import processes; print(processes.this_process())"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return ended.stdout.decode().strip()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """Let the login that owns the test database create and migrate it."""
    connection.settings_dict["OPTIONS"].pop("options")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """From here on the tests run as the app does: as a role that owns nothing."""
    options = connection.settings_dict["OPTIONS"]
    with django_db_blocker.unblock():
        connection.close()
    options["options"] = f"-c role={settings.DATABASE_ROLE}"
    yield
    with django_db_blocker.unblock():
        connection.close()
    options.pop("options")


@pytest.fixture(scope="session", autouse=True)
def _hang_up():
    """Close what this thread keeps open to platforms between pulls."""
    yield
    http.close_clients()


@pytest.fixture(autouse=True)
def _forget_data_keys():
    """Let no test find what another one unwrapped."""
    yield
    data_keys.forget()


RING = {
    "old": "old:b2xkLWtleS1vZi10aGlydHktdHdvLWJ5dGVzLWxvbmc=",
    "new": "new:bmV3LWtleS1vZi10aGlydHktdHdvLWJ5dGVzLWxvbmc=",
}


@pytest.fixture
def ring(settings):
    """Put keys on the ring by their names; the first is current."""

    def put(*names: str) -> crypto.KeyRing:
        settings.ENCRYPTION_KEYS = ",".join(RING[name] for name in names)
        crypto.key_ring.cache_clear()
        data_keys.forget()
        return crypto.key_ring()

    yield put
    crypto.key_ring.cache_clear()


@pytest.fixture
def alice(db):
    return UserFactory(name="Alice Archer", email="alice@harbour.example")


@pytest.fixture
def organization(alice):
    """Alice's organization, entered for the length of the test so that the test can look inside."""
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    with tenancy.entered(organization.pk):
        MembershipFactory(organization=organization, user=alice, role=Role.ADMINISTRATOR)
        yield organization


@pytest.fixture
def membership(alice, organization):
    return Membership.objects.get(user=alice, organization=organization)


@pytest.fixture
def company(organization):
    return CompanyFactory(organization=organization, name="Eastgate Roasters")


@pytest.fixture
def client(client, alice):
    """A browser in which Alice is signed in."""
    client.force_login(alice)
    return client


@pytest.fixture
def bob(db):
    return UserFactory(name="Bob Bryce", email="bob@quay.example")


@pytest.fixture
def other_organization(bob):
    organization = OrganizationFactory(name="Quay Capital", slug="quay")
    MembershipFactory(organization=organization, user=bob, role=Role.ADMINISTRATOR)
    return organization
