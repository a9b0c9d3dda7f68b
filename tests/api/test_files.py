"""Uploaded files, as programs list, fetch and send them."""

import io
import tracemalloc
import zipfile
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.test.client import encode_multipart

from api import idempotency
from api.models import IdempotentRequest
from files.models import UploadedFile
from tests.factories import ConnectionFactory, UploadedFileFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(company):
    return f"/companies/{company.pk}/files"


@pytest.fixture
def send(program, company):
    connection = ConnectionFactory(company=company)

    def upload(*named, connection_id=connection.pk, **headers):
        sent = [SimpleUploadedFile(name, content) for name, content in named]
        boundary = f"line-{uuid4()}"  # as clients do
        return Client().generic(
            "POST",
            f"/api/companies/{company.pk}/connections/{connection_id}/files",
            data=encode_multipart(boundary, {"file": sent}),
            content_type=f"multipart/form-data; boundary={boundary}",
            headers={"Authorization": f"Bearer {program.key}", **headers},
        )

    return upload


async def pieces(response):
    return b"".join([piece async for piece in response.streaming_content])


def test_files_are_an_array(program, company, files):
    assert program.get(files).json() == []
    UploadedFileFactory(company=company, name="accounts.csv")
    (file,) = program.get(files).json()
    assert (file["fileName"], file["sourceType"]) == ("accounts.csv", "Portal")
    assert file["uploaded"].endswith("Z")


def test_files_are_sent_and_fetched(program, company, files, send):
    answer = send(("a.csv", b"date,amount\n"), ("b.csv", b"x,y\n"))
    assert answer.status_code == 200, answer.content
    assert [each["fileName"] for each in answer.json()] == ["a.csv", "b.csv"]
    assert {each.source for each in UploadedFile.objects.all()} == {"api"}

    archive = program.get(f"{files}/download")
    assert archive["Content-Type"] == "application/octet-stream"
    content = async_to_sync(pieces)(archive)
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert sorted(opened.namelist()) == ["API/a.csv", "API/b.csv"]
        assert opened.read("API/a.csv") == b"date,amount\n"


def test_all_or_none(program, files, send):
    answer = send(("a.csv", b"date,amount\n"), ("b.exe", b"MZ\x00\x00"))
    assert answer.status_code == 400
    assert "b.exe" in answer.json()["error"]
    assert answer.json()["validation"]["errors"][0]["itemId"] == "b.exe"
    assert program.get(files).json() == []
    many = [(f"{number}.csv", b"a,b\n") for number in range(21)]
    assert send(*many).status_code == 400
    assert send().status_code == 400


def test_of_another_day_there_is_nothing(program, company, files):
    file = UploadedFileFactory(company=company)
    file.refresh_from_db()
    day = file.uploaded_at.date()
    assert program.get(f"{files}/download?date={day}").status_code == 200
    assert program.get(f"{files}/download?date={day}T10:00:00.000Z").status_code == 200
    assert program.get(f"{files}/download?date=2020-01-01").status_code == 404
    for wrong in ("then", "9999-12-31", "0001-01-01"):
        assert program.get(f"{files}/download?date={wrong}").status_code == 400


def test_a_connection_of_another_company_takes_nothing(send):
    other = ConnectionFactory()
    assert send(("a.csv", b"a,b\n"), connection_id=other.pk).status_code == 404


def test_reading_is_not_enough_to_send(program_of, organization, company, send, program):
    program.key = program_of(organization, scopes=["read"]).key
    assert send(("a.csv", b"a,b\n")).status_code == 403


LARGE = b"date,amount\n" * 400_000  # 4.8 MB


def test_a_large_upload_that_comes_again_is_answered_from_the_record(program, files, send):
    key = {"Idempotency-Key": str(uuid4())}
    sent = [("a.csv", LARGE), ("b.csv", b"x,y\n")]

    first = send(*sent, **key)
    again = send(*sent, **key)

    assert first.status_code == 200, first.content
    assert again.content == first.content
    assert len(program.get(files).json()) == 2
    assert len(IdempotentRequest.objects.get().body) < 2000


@pytest.mark.parametrize(
    "other",
    [
        [("a.csv", LARGE + b"date,amount\n")],
        [("renamed.csv", LARGE)],
        [("a.csv", LARGE), ("b.csv", b"x,y\n")],
    ],
)
def test_another_upload_with_the_same_key_is_refused(program, files, send, other):
    key = {"Idempotency-Key": str(uuid4())}
    send(("a.csv", LARGE), **key)

    assert send(*other, **key).status_code == 422
    assert len(program.get(files).json()) == 1


def test_a_refused_upload_is_refused_again(program, files, send):
    key = {"Idempotency-Key": str(uuid4())}
    first = send(("a.csv", b"a,b\n"), ("b.exe", b"MZ\x00\x00"), **key)
    again = send(("a.csv", b"a,b\n"), ("b.exe", b"MZ\x00\x00"), **key)
    assert (first.status_code, again.content) == (400, first.content)
    assert program.get(files).json() == []


def test_files_are_not_held_in_memory_to_know_them_again():
    file = SimpleUploadedFile("a.csv", b"x" * 20_000_000)
    request = RequestFactory().post("/api/files", {"file": [file]})
    tracemalloc.start()
    try:
        idempotency._fingerprint(request)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    (again,) = request.FILES.getlist("file")
    assert again.read(3) == b"xxx"
    request.close()


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "again"}])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        (
            "multipart/form-data; boundary=line",
            (
                b'--line\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
                b"Content-Transfer-Encoding: base64\r\n\r\n!!!\r\n--line--"
            ),
        ),
    ],
)
def test_a_form_that_is_none_is_the_senders_mistake(program, send, company, kind, body, key):
    connection = company.connections.get()
    answer = Client().generic(
        "POST",
        f"/api/companies/{company.pk}/connections/{connection.pk}/files",
        data=body,
        content_type=kind,
        headers={"Authorization": f"Bearer {program.key}", **key},
    )
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The form cannot be read: ")


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "again"}])
def test_a_form_is_no_json(program, key):
    answer = Client().post(
        "/api/companies",
        {"name": "Bakery"},
        headers={"Authorization": f"Bearer {program.key}", **key},
    )
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The body is no JSON")
