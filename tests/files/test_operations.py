"""Files are kept whole or not at all, and leave the disk when their rows are gone."""

import os
import time

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import DatabaseError, transaction

from companies.models import Company, Event, EventType
from files import operations, orphans
from files.models import UploadedFile
from sync.deletion import delete_company
from tests.factories import CompanyFactory, UploadedFileFactory
from tests.files import samples

Source = UploadedFile.Source


def sent(name="accounts.pdf", content=samples.PDF):
    return SimpleUploadedFile(name, content, content_type="application/x-msdownload")


def test_what_is_kept_can_be_read_again(company, alice, shelf):
    upload = operations.store(company, [sent()], source=Source.PORTAL, uploaded_by=alice)

    [file] = upload.taken
    assert (file.content_type, file.size) == ("application/pdf", len(samples.PDF))
    assert b"".join(operations.read(file)) == samples.PDF
    on_disk = shelf / str(company.organization_id) / str(company.pk) / str(file.pk)
    assert on_disk.read_bytes() == samples.PDF
    assert on_disk.stat().st_mode & 0o077 == 0
    event = Event.objects.get(type=EventType.FILES_UPLOADED)
    assert (event.actor, event.summary) == (alice, "uploaded 1 file")
    assert "accounts" not in event.summary


def test_a_large_file_is_moved_into_place(company):
    large = TemporaryUploadedFile("statement.csv", "text/csv", 3, None)
    large.write(b"a,b")
    large.size = 3

    [file] = operations.store(company, [large], source=Source.LINK).taken

    assert b"".join(operations.read(file)) == b"a,b"


def test_the_good_ones_of_an_upload_are_kept(company, lying):
    big = sent("big.pdf", samples.PDF + bytes(operations.LARGEST))
    wrong = sent("../tool.pdf", samples.PROGRAM)

    upload = operations.store(
        company, [wrong, sent(), sent("none.csv", b""), big], source=Source.LINK
    )

    assert [file.name for file in upload.taken] == ["accounts.pdf"]
    assert {each.name: each.reason for each in upload.refused} == {
        "tool.pdf": "Its content is not PDF, although its name says so.",
        "none.csv": "It is empty.",
        "big.pdf": "It is larger than 10 MB.",
    }
    assert lying() == 1


def test_a_file_of_exactly_the_limit_is_taken(company):
    content = samples.PDF.ljust(operations.LARGEST)

    assert operations.store(company, [sent("a.pdf", content)], source=Source.LINK).taken


def test_nothing_is_remembered_of_an_upload_that_was_refused(company):
    operations.store(company, [sent("a.exe")], source=Source.LINK)

    assert not Event.objects.exists()


def test_a_company_cannot_fill_the_disk(company, monkeypatch):
    monkeypatch.setattr(operations, "MOST_PER_COMPANY", 2)

    upload = operations.store(company, [sent(), sent(), sent()], source=Source.LINK)

    assert (len(upload.taken), len(upload.refused)) == (2, 1)
    assert "has 2 files" in upload.refused[0].reason


def test_a_company_deleted_meanwhile_takes_nothing(company, lying):
    Company.objects.filter(pk=company.pk).delete()

    with pytest.raises(operations.Deleted):
        operations.store(company, [sent()], source=Source.LINK)
    assert not lying()


def test_a_deleted_file_leaves_the_disk_after_commit(
    company, alice, lying, django_capture_on_commit_callbacks
):
    file = UploadedFileFactory(company=company)

    with django_capture_on_commit_callbacks(execute=True):
        operations.delete(file, actor=alice)
        assert lying() == 1

    assert not lying()
    assert Event.objects.get(type=EventType.FILES_DELETED).payload["files"][0]["name"] == file.name
    with pytest.raises(operations.Deleted):
        operations.delete(file, actor=alice)


def test_files_go_with_their_company(
    company, alice, shelf, lying, django_capture_on_commit_callbacks
):
    UploadedFileFactory(company=company)
    other = UploadedFileFactory(company=CompanyFactory(organization=company.organization))

    with django_capture_on_commit_callbacks(execute=True):
        delete_company(company, actor=alice)

    assert UploadedFile.objects.get() == other
    assert lying() == 1
    assert not (shelf / str(company.organization_id) / str(company.pk)).exists()


def test_a_company_that_stays_after_all_keeps_its_files(company, alice, lying):
    UploadedFileFactory(company=company)

    with pytest.raises(RuntimeError), transaction.atomic():
        delete_company(company, actor=alice)
        raise RuntimeError

    assert UploadedFile.objects.count() == 1
    assert lying() == 1


def test_what_a_crash_left_is_swept_once_no_upload_can_be_going_on(company, shelf):
    kept = UploadedFileFactory(company=company)
    left, young = (UploadedFileFactory(company=company) for _ in range(2))
    UploadedFile.objects.exclude(pk=kept.pk).delete()
    (shelf / "README").write_text("not ours to remove")
    an_hour_ago = time.time() - 3700
    for file in (kept, left):
        os.utime(shelf / file.path, (an_hour_ago, an_hour_ago))

    assert orphans.sweep() == 1

    assert not (shelf / left.path).exists()
    assert (shelf / kept.path).exists()
    assert (shelf / young.path).exists()


def test_sweeping_an_empty_shelf_is_fine(db):
    assert orphans.sweep() == 0


def test_a_file_whose_content_is_gone_is_not_offered(company, caplog):
    file = UploadedFileFactory(company=company)
    storages["files"].delete(file.path)

    with pytest.raises(operations.NotDownloadable):
        operations.read(file)
    assert str(file.pk) in caplog.text


def test_a_file_belongs_to_its_companys_organization(organization):
    foreign = CompanyFactory()

    with pytest.raises(DatabaseError, match="uploadedfile_same_organization"), transaction.atomic():
        UploadedFileFactory(company=foreign, organization=organization)
        with transaction.get_connection().cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
