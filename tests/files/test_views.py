"""The page of a company's uploaded files."""

import datetime as dt
import io
import json
import zipfile

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from companies.models import Membership
from companies.roles import Role
from files.forms import MOST_AT_ONCE
from files.models import UploadedFile
from tests.factories import UploadedFileFactory
from tests.files import samples

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
Scan = UploadedFile.Scan


@pytest.fixture
def files(company):
    return reverse("files:files", args=[company.organization.slug, company.pk])


def sent(name="accounts.pdf", content=samples.PDF):
    return SimpleUploadedFile(name, content)


def body(response) -> bytes:
    async def collected() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(collected)()


def unpacked(response) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body(response))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_without_files_the_page_says_what_they_are(client, files):
    assert "No files yet" in client.get(files).content.decode()


def test_what_is_uploaded_stands_on_the_page(client, files, alice):
    answer = client.post(files, {"file": [sent(), sent("statement.csv", samples.CSV)]}, follow=True)

    page = answer.content.decode()
    assert "2 files uploaded." in page
    assert "accounts.pdf" in page
    assert "statement.csv" in page
    assert {file.uploaded_by for file in UploadedFile.objects.all()} == {alice}
    assert {file.source for file in UploadedFile.objects.all()} == {"portal"}


def test_refused_files_are_named_with_their_reason_and_the_others_kept(client, files):
    answer = client.post(files, {"file": [sent(), sent("setup.pdf", samples.PROGRAM)]})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "1 file uploaded" in page
    assert "<b>setup.pdf</b>: Its content is not PDF" in page
    assert UploadedFile.objects.get().name == "accounts.pdf"


def test_scripts_get_the_part_that_changed(client, files):
    answer = client.post(files, {"file": sent()}, headers=HTMX)

    assert answer.content.decode().strip().startswith('<div id="files"')
    assert json.loads(answer["HX-Trigger"])["toast"]["text"] == "1 file uploaded."


@pytest.mark.parametrize(("number", "words"), [(0, "at least one"), (MOST_AT_ONCE + 1, "at most")])
def test_too_few_or_too_many_are_refused_as_a_whole(client, files, number, words):
    answer = client.post(files, {"file": [sent() for _ in range(number)]})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not UploadedFile.objects.exists()


def test_a_download_is_saved_and_never_shown(client, files, company):
    file = UploadedFileFactory(company=company, name='Ärger "2025".csv', content=b"<script>")

    answer = client.get(f"{files}{file.pk}")

    assert body(answer) == b"<script>"
    assert answer["Content-Type"] == "text/csv"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%C3%84rger")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == "8"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("scan", [Scan.WAITING, Scan.INFECTED, Scan.FAILED])
def test_a_locked_file_is_listed_and_not_given_out(client, files, company, scan):
    file = UploadedFileFactory(company=company, name="locked.csv", scan=scan)

    page = client.get(files).content.decode()

    assert "locked.csv" in page
    assert f'href="{files}{file.pk}"' not in page
    assert f'href="{files}download' not in page
    assert client.get(f"{files}{file.pk}").status_code == 404
    assert client.get(f"{files}download").status_code == 302


def test_an_archive_holds_every_file_by_its_source(client, files, company):
    for content in (b"1", b"2"):
        UploadedFileFactory(company=company, name="a.csv", content=content)
    UploadedFileFactory(company=company, name="a.csv", content=b"3", source="link")
    UploadedFileFactory(company=company, name="b.csv", scan=Scan.INFECTED)

    found = unpacked(client.get(f"{files}download"))

    assert sorted(found) == ["Link/a.csv", "Portal/a (2).csv", "Portal/a.csv"]
    assert sorted(found.values()) == [b"1", b"2", b"3"]


def test_days_are_the_readers(client, files, company, alice):
    alice.time_zone = "Pacific/Auckland"
    alice.save()
    for hour in (10, 12):  # in Auckland 23:00, and 01:00 on the next day
        UploadedFileFactory(
            company=company,
            name=f"{hour}.csv",
            uploaded_at=dt.datetime(2026, 10, 2, hour, tzinfo=dt.UTC),
        )

    page = client.get(files).content.decode()

    assert page.index("day-2026-10-03") < page.index("12.csv") < page.index("day-2026-10-02")
    for date, name in (("2026-10-02", "Portal/10.csv"), ("2026-10-03", "Portal/12.csv")):
        assert list(unpacked(client.get(f"{files}download?date={date}"))) == [name]


@pytest.mark.parametrize("date", ["yesterday", "2026-13-01", "9999-12-31", "0001-01-01", "\0"])
def test_a_date_that_is_none_is_not_found(client, files, company, date):
    UploadedFileFactory(company=company)

    assert client.get(f"{files}download", {"date": date}).status_code in {302, 404}


def test_deleting_asks_first(client, files, company):
    file = UploadedFileFactory(company=company)

    question = client.get(f"{files}{file.pk}/delete/", headers=HTMX).content.decode()
    assert "<dialog" in question
    assert UploadedFile.objects.exists()

    answer = client.post(f"{files}{file.pk}/delete/", follow=True)
    assert "accounts.csv is deleted." in answer.content.decode()
    assert not UploadedFile.objects.exists()


def test_who_does_not_see_data_uploads_without_seeing(client, files, company, membership):
    UploadedFileFactory(company=company, name="salaries.csv")
    Membership.objects.filter(pk=membership.pk).update(role=Role.ONBOARDING)

    page = client.post(files, {"file": sent()}, follow=True).content.decode()

    assert UploadedFile.objects.count() == 2
    assert "1 file uploaded." in page
    assert "salaries.csv" not in page
    summary = client.get(files.removesuffix("files/")).content.decode()
    assert "uploaded 1 file" in summary


def test_a_files_path_leads_to_no_other_companys_file(client, files, company):
    other = UploadedFileFactory()

    assert client.get(f"{files}{other.pk}").status_code == 404


def test_the_question_before_deleting_a_company_counts_files(client, company):
    UploadedFileFactory(company=company)
    url = reverse("sync:delete-company", args=[company.organization.slug, company.pk])

    assert "0 pulls and 1 uploaded file." in client.get(url).content.decode()
