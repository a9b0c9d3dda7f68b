"""Uploaded files, as programs list, fetch and send them."""

import io
import zipfile

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from files.models import UploadedFile
from tests.factories import ConnectionFactory, UploadedFileFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(company):
    return f"/companies/{company.pk}/files"


@pytest.fixture
def send(program, company):
    connection = ConnectionFactory(company=company)

    def upload(*named, connection_id=connection.pk):
        sent = [SimpleUploadedFile(name, content) for name, content in named]
        return Client().post(
            f"/api/companies/{company.pk}/connections/{connection_id}/files",
            {"file": sent},
            headers={"Authorization": f"Bearer {program.key}"},
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
