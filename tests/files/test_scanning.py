"""With a scanner, a file is locked until it was found clean."""

import sys
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from companies.models import Event, EventType
from files import beat, operations, scanning, tasks
from files.models import UploadedFile
from tests.factories import UploadedFileFactory
from tests.files import samples

Scan = UploadedFile.Scan


@pytest.fixture
def rung(monkeypatch):
    """What workers were told of."""
    told: list[str] = []
    monkeypatch.setattr(
        tasks.scan_file, "apply_async", lambda *, kwargs, **_: told.append(kwargs["file_id"])
    )
    return told


@pytest.fixture
def waiting(company):
    return UploadedFileFactory(company=company, scan=Scan.WAITING, scan_due_at=timezone.now())


def scanner(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def scan(file):
    tasks.scan_file(organization_id=str(file.organization_id), file_id=str(file.pk))
    file.refresh_from_db()
    return file


def test_without_a_scanner_a_file_is_open_at_once(company, rung):
    sent = SimpleUploadedFile("a.pdf", samples.PDF)

    [file] = operations.store(company, [sent], source=UploadedFile.Source.LINK).taken

    assert file.is_downloadable
    assert not rung


def test_with_a_scanner_it_is_locked_and_a_worker_is_told(
    company, rung, settings, django_capture_on_commit_callbacks
):
    settings.FILE_SCANNER = ["true"]
    sent = SimpleUploadedFile("a.pdf", samples.PDF)

    with django_capture_on_commit_callbacks(execute=True):
        [file] = operations.store(company, [sent], source=UploadedFile.Source.LINK).taken

    assert rung == [str(file.pk)]
    with pytest.raises(operations.NotDownloadable):
        operations.read(file)
    with pytest.raises(operations.NotDownloadable):
        operations.read_all([file])


def test_a_clean_file_is_opened(waiting, settings):
    settings.FILE_SCANNER = scanner("import sys; sys.exit(not open(sys.argv[1]).read())")

    assert scan(waiting).scan == Scan.CLEAN
    assert waiting.is_downloadable
    assert waiting.scan_due_at is None


def test_an_infected_file_stays_locked_for_good(waiting, settings):
    settings.FILE_SCANNER = scanner("raise SystemExit(1)")

    assert scan(waiting).scan == Scan.INFECTED
    assert not waiting.is_downloadable
    assert waiting.scan_due_at is None
    assert "virus" in Event.objects.get(type=EventType.FILE_INFECTED).summary


@pytest.mark.parametrize(
    "command", [scanner("raise SystemExit(2)"), scanner("import os; os.abort()"), ["/no/scanner"]]
)
def test_a_scanner_that_fails_opens_nothing_and_tries_again(waiting, settings, command):
    settings.FILE_SCANNER = command

    assert scan(waiting).scan == Scan.FAILED
    assert not waiting.is_downloadable
    assert waiting.scan_due_at > timezone.now()


def test_a_scanner_that_hangs_is_ended(waiting, settings, monkeypatch):
    settings.FILE_SCANNER = scanner("import time; time.sleep(60)")
    monkeypatch.setattr(scanning, "TIMEOUT_SECONDS", 0.2)

    assert scan(waiting).scan == Scan.FAILED


def test_the_scanner_is_told_no_secrets(waiting, settings, monkeypatch):
    monkeypatch.setenv("LEDGERPORT_SECRET_KEY", "secret")
    settings.FILE_SCANNER = scanner(
        "import os; raise SystemExit('LEDGERPORT_SECRET_KEY' in os.environ)"
    )

    assert scan(waiting).scan == Scan.CLEAN


def test_a_worker_without_the_setting_opens_nothing(waiting, settings):
    settings.FILE_SCANNER = []

    assert scan(waiting).scan == Scan.WAITING


def test_a_second_bell_scans_nothing_again(waiting, settings):
    settings.FILE_SCANNER = scanner("raise SystemExit(1)")
    UploadedFile.objects.update(scan_due_at=timezone.now() + timedelta(minutes=5))

    assert scan(waiting).scan == Scan.WAITING


def test_bells_that_nobody_heard_are_rung_again(waiting, company, rung, settings):
    settings.FILE_SCANNER = ["true"]
    UploadedFileFactory(company=company, scan=Scan.CLEAN)
    UploadedFileFactory(
        company=company, scan=Scan.FAILED, scan_due_at=timezone.now() + timedelta(minutes=5)
    )

    assert beat.ring_due_scans() == 1
    assert rung == [str(waiting.pk)]
