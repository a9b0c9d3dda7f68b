"""Files at records, asked of the platform itself and passed on."""

import re

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.db import connection as database

from api.routers.attachments import _name
from companies import tenancy
from connections import documents
from connections.models import Connection
from connections.platforms import downloads, get_platform
from connections.platforms.base import Missing, Unreachable
from connections.schemas import DataType
from link.sandbox import link_sandbox
from sync import tasks
from tests.factories import CompanyFactory, ConnectionFactory, OrganizationFactory
from tests.real_sandbox import sandbox, sandbox_server  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner():
    return OrganizationFactory()


@pytest.fixture
def connection(sandbox, owner, monkeypatch):
    monkeypatch.setattr(tasks, "ring", lambda *_: None)
    return link_sandbox(
        CompanyFactory(organization=owner, name="Eastgate Roasters"), business="awkward"
    )


@pytest.fixture
def program(program_of, owner):
    return program_of(owner)


def sent(answer):
    """Take what is streamed, as an async server does."""

    async def pieces():
        return b"".join([piece async for piece in answer.streaming_content])

    content = async_to_sync(pieces)()
    answer.close()
    return content


def data(connection):
    return f"/companies/{connection.company_id}/connections/{connection.pk}/data"


@pytest.fixture
def bill(connection):
    """The path of a bill to which something is attached."""
    for number in range(1, 30):
        path = f"bil_{number:06d}"
        try:
            if documents.list_attachments(connection, DataType.BILLS, path):
                return f"{data(connection)}/bills/{path}"
        except Missing:
            continue
    raise AssertionError("nothing is attached to any bill")


def test_files_are_listed_read_and_downloaded(program, bill):
    listed = program.get(f"{bill}/attachments")

    assert listed.status_code == 200, listed.content
    first = listed.json()["attachments"][0]
    assert set(first) == {
        "id", "name", "contentType", "dateCreated", "fileSize", "includeWhenSent",
    }  # fmt: skip
    assert program.get(f"{bill}/attachments/{first['id']}").json() == first

    file = program.get(f"{bill}/attachments/{first['id']}/download")

    assert file.status_code == 200
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Length"] == str(first["fileSize"])
    assert file.headers["Content-Disposition"].startswith("attachment; filename")
    content = sent(file)
    assert len(content) == first["fileSize"]
    assert content[:4] in {b"%PDF", b"\x89PNG"}


def test_an_invoice_is_printed_by_the_platform(program, connection):
    company = f"/companies/{connection.company_id}/data/invoices/inv_000001/pdf"

    for path in (company, f"{data(connection)}/invoices/inv_000001/pdf"):
        file = program.get(path)
        assert file.status_code == 200, file.content
        assert file.headers["Content-Type"] == "application/pdf"
        assert 'filename="inv_000001.pdf"' in file.headers["Content-Disposition"]
        assert sent(file).startswith(b"%PDF-1.4")


def test_what_is_not_there_is_not_found(program, connection, bill):
    for path in (
        f"{bill}/attachments/none",
        f"{bill}/attachments/none/download",
        f"{data(connection)}/bills/none/attachments",
        f"{data(connection)}/bills/%2e%2e/attachments",
        f"{data(connection)}/invoices/none/pdf",
    ):
        answer = program.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["error"]


def test_platforms_that_have_none_say_so(program, owner):
    connection = ConnectionFactory(company=CompanyFactory(organization=owner), platform="tryton")

    answer = program.get(f"{data(connection)}/bills/1/attachments")
    assert answer.status_code == 404
    assert "Tryton gives no attachments of bills" in answer.json()["error"]
    answer = program.get(f"{data(connection)}/invoices/1/pdf")
    assert answer.status_code == 404
    assert "Tryton gives no PDF of invoices" in answer.json()["error"]


def test_nobody_is_asked_over_a_connection_that_is_not_linked(program, connection, bill):
    with tenancy.entered(connection.organization_id):
        Connection.objects.filter(pk=connection.pk).update(status=Connection.Status.UNLINKED)

    answer = program.get(f"{bill}/attachments")

    assert answer.status_code == 409
    assert "unlinked" in answer.json()["error"]


def test_too_large_a_file_is_refused(program, bill, monkeypatch):
    first = program.get(f"{bill}/attachments").json()["attachments"][0]
    monkeypatch.setattr(downloads, "MOST_BYTES", 10)

    answer = program.get(f"{bill}/attachments/{first['id']}/download")

    assert answer.status_code == 400
    assert "larger than" in answer.json()["error"]


@pytest.mark.parametrize(
    ("kind", "status"), [("forbidden", 403), ("rate_limited", 429), ("server_error", 503)]
)
def test_what_the_platform_refuses_is_told(sandbox, program, connection, kind, status):
    sandbox.fault(kind, path="/api/v1/invoices", seconds=7)

    for path in ("pdf", "attachments"):
        answer = program.get(f"{data(connection)}/invoices/inv_000001/{path}")
        assert answer.status_code == status
        assert "Sandbox" in answer.json()["error"]
        assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)


def test_a_token_that_ran_out_is_renewed_once(sandbox, program, connection):
    sandbox.fault("unauthorized", path="/api/v1/invoices", times=1)

    file = program.get(f"{data(connection)}/invoices/inv_000001/pdf")

    assert file.status_code == 200
    file.close()
    with tenancy.entered(connection.organization_id):
        assert Connection.objects.get(pk=connection.pk).is_linked


def test_access_that_is_lost_ends_the_authorization(sandbox, program, connection):
    sandbox.fault("token_revoked", path="/api/v1/invoices", times=1)

    answer = program.get(f"{data(connection)}/invoices/inv_000001/pdf")

    assert answer.status_code == 409
    with tenancy.entered(connection.organization_id):
        found = Connection.objects.get(pk=connection.pk)
    assert found.status == Connection.Status.DEAUTHORIZED


def test_no_transaction_waits_for_the_platform(program, connection, monkeypatch):
    seen = []

    def asked(*_):
        seen.append(database.in_atomic_block)
        raise Unreachable("Sandbox did not answer in time.")

    monkeypatch.setattr(get_platform("sandbox"), "download_pdf", asked)

    assert program.get(f"{data(connection)}/invoices/1/pdf").status_code == 503
    assert seen == [False]


def test_they_are_the_organizations_own(program_of, bill):
    theirs = program_of(OrganizationFactory())

    assert theirs.get(f"{bill}/attachments").status_code == 404


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Receipt.pdf", "Receipt.pdf"),
        ('a/b\\c"d\r\ne.pdf', "abcde.pdf"),
        ("../../etc/passwd", "etcpasswd"),
        ("\u202egpj.exe", "gpj.exe"),
        ("...", "file"),
        ("Größe №5.pdf", "Größe №5.pdf"),
        ("x" * 300, "x" * 150),
    ],
)
def test_a_strangers_name_is_made_a_files(name, safe):
    assert _name(name) == safe


def test_integrations_tell_of_it(program, connection):
    features = {
        each["dataType"]: [feature["featureType"] for feature in each["supportedFeatures"]]
        for each in program.get("/integrations/mqjo").json()["datatypeFeatures"]
    }
    attachments = ["GetAttachments", "GetAttachment", "DownloadAttachment"]

    assert features["invoices"] == ["Get", "GetAsPdf", *attachments]
    assert features["bills"] == ["Get", *attachments]
    assert features["payments"] == ["Get"]


def test_the_client_is_the_guarded_one(connection, monkeypatch):
    """Nothing but the platform's own client fetches a file."""
    opened = []
    stream = httpx.Client.stream

    def streamed(client, method, url, **more):
        opened.append((str(client.base_url), client.follow_redirects, url))
        return stream(client, method, url, **more)

    monkeypatch.setattr(httpx.Client, "stream", streamed)
    document = documents.download_pdf(connection, DataType.INVOICES, "inv_000001")
    document.close()

    (base, follows, path) = opened[-1]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/?", base)
    assert not follows
    assert path == "/api/v1/invoices/inv_000001/pdf"
