"""A second installation: a database of its own on the same server, with other keys."""

from contextlib import contextmanager

import psycopg
import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.utils import timezone

from api import keys
from companies import data_keys, tenancy
from connections import sealing
from portal.transfer import secrets
from sync.models import Pull, PullStatus
from tests.databases import drop_database
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    DataStatusFactory,
    MembershipFactory,
    OrganizationFactory,
    PullFactory,
    UploadedFileFactory,
    UserFactory,
)
from tests.files.conftest import shelf  # noqa: F401 - uploaded files are taken along
from tests.portal.transfer import harbour
from tests.portal.verification.test_verify import set_hash, told
from tests.sync.books import a_record

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _passphrase(monkeypatch):
    monkeypatch.setenv("LEDGERPORT_EXPORT_PASSPHRASE", PASSPHRASE)
    # Slow on purpose otherwise.
    monkeypatch.setitem(secrets._COST, "n", 2**4)


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "harbour.export"


@pytest.fixture
def elsewhere(transactional_db, ring):
    """Return a block in which a migrated database without rows is the application's."""
    settings = connection.settings_dict
    own = f"{settings['NAME']}_elsewhere"
    connection.close()
    with psycopg.connect(
        host=settings["HOST"], user=settings["USER"], dbname="postgres", autocommit=True
    ) as owner:
        owner.execute(f'DROP DATABASE IF EXISTS "{own}"')
        owner.execute(f'CREATE DATABASE "{own}" TEMPLATE "{settings["NAME"]}"')
    ring("old")

    @contextmanager
    def there():
        before = settings["NAME"]
        connection.close()
        settings["NAME"] = own
        ring("new")
        try:
            yield
        finally:
            connection.close()
            settings["NAME"] = before
            ring("old")

    yield there
    data_keys.forget()
    connection.close()
    with psycopg.connect(
        host=settings["HOST"], user=settings["USER"], dbname="postgres", autocommit=True
    ) as owner:
        drop_database(owner, own)


@pytest.fixture
def confirmed():
    """Let somebody have confirmed their address."""

    def confirm(user):
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    return confirm


@pytest.fixture
def alice(request, transactional_db, confirmed):
    if "elsewhere" in request.fixturenames:
        request.getfixturevalue("elsewhere")  # first: it begins as a copy of this one
    return confirmed(UserFactory(name="Alice Archer", email="alice@harbour.example"))


@pytest.fixture
def calm(alice):
    """An organization with nothing under way, as pulls leave it."""
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=alice)
    company = CompanyFactory(organization=organization, created_by=alice, name="Tab\tand \\N")
    link = ConnectionFactory(company=company)
    DataStatusFactory(connection=link, record_count=1)
    PullFactory(
        connection=link,
        status=PullStatus.COMPLETE,
        completed_at=timezone.now(),
        requested_by=alice,
        fetched=1,
        added=1,
    )
    with tenancy.entered(organization.pk):
        told(Pull.objects.get())
        set_hash(a_record(link, "invoices", "1", body={"id": "1", "note": "Zoë\n\t\\"}))
        sealing.store(link, harbour.TOKENS)
        keys.create_key(organization, name="ours", actor=alice)
    UploadedFileFactory(company=company, content=b"a,b\n1,2\n", uploaded_by=alice)
    return organization
