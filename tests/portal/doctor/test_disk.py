"""Room, static files and the directory of uploads."""

import datetime as dt
import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from portal.doctor.checks import disk, static
from portal.doctor.findings import Level
from sync.models import PullStatus
from tests.factories import PullFactory, UploadedFileFactory
from tests.files.conftest import shelf  # noqa: F401 - a fixture

Usage = namedtuple("Usage", "total used free")
GIB = 2**30


@pytest.fixture
def room(monkeypatch):
    def of(free, total=100 * GIB):
        usage = Usage(total, total - free, free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage)

    return of


@pytest.mark.parametrize(
    ("free", "level"), [(50 * GIB, Level.OK), (5 * GIB, Level.WARNING), (GIB // 4, Level.ERROR)]
)
@pytest.mark.parametrize("check_id", ["disk.files", "disk.database"])
def test_room(ask, room, free, level, check_id):
    room(free)

    assert ask(check_id).level == level


def test_a_database_elsewhere_is_said_to_be_unseen(ask, db, settings):
    settings.DEVELOPMENT = False  # then it is a server that somebody runs, and does not tell where

    answer = ask("disk.database")

    assert answer.level == Level.NOTE
    assert "not seen from here" in answer.found


@pytest.mark.parametrize(
    ("days", "level"), [(400, Level.OK), (20, Level.WARNING), (3, Level.ERROR)]
)
def test_the_forecast_follows_from_growth_and_room(ask, room, monkeypatch, days, level):
    room(50 * GIB)
    growth = disk._Growth(added=1, changed=1, pulls=1, database=50 * GIB / days, files=0)
    monkeypatch.setattr(disk, "_growth", lambda: growth)

    answer = ask("disk.forecast")

    assert answer.level == level
    assert f"room for {days} days" in answer.found


@pytest.mark.django_db(transaction=True)
def test_growth_is_what_the_last_days_brought(monkeypatch, shelf):
    monkeypatch.setattr(disk, "_mean", lambda *names: {"sync_record": 1000.0}.get(names[0], 100.0))
    pull = PullFactory(
        status=PullStatus.COMPLETE, completed_at=timezone.now(), fetched=70, added=70
    )
    PullFactory(
        connection=pull.connection,
        data_type="bills",
        status=PullStatus.COMPLETE,
        completed_at=timezone.now() - dt.timedelta(days=9),
        fetched=70,
        added=70,
    )
    UploadedFileFactory(company=pull.company, content=b"x" * 700)

    growth = disk._growth()

    assert (growth.added, growth.changed, growth.files) == (10, 0, 100)
    assert growth.database == pytest.approx(10 * 1000 + 100 / 7)


def test_no_growth_is_no_forecast(ask, db):
    answer = ask("disk.forecast")

    assert answer.level == Level.OK
    assert "room for" not in answer.found


@pytest.fixture
def collected(settings, tmp_path):
    """Collect as production does: files with names that hold their sums, and a manifest."""
    settings.STATIC_ROOT = tmp_path
    storage = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": storage}}

    def put(names):
        paths = {name: name.replace(".", ".0123abcd.", 1) for name in names}
        for each in paths.values():
            (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / each).touch()
        manifest = {"paths": paths, "version": "1.1", "hash": ""}
        (tmp_path / "staticfiles.json").write_text(json.dumps(manifest))

    return put


def test_development_serves_from_the_source(ask):
    assert ask("static.collected").level == Level.OK


def test_nothing_collected(ask, collected):
    answer = ask("static.collected")

    assert answer.level == Level.ERROR
    assert "collectstatic" in answer.remedy


def test_collected_of_another_version(ask, collected):
    names = sorted(set(static._needed()))
    collected(names[1:])

    answer = ask("static.collected")

    assert answer.level == Level.ERROR
    assert names[0] in answer.found


def test_all_collected(ask, collected):
    collected(set(static._needed()))

    assert ask("static.collected").level == Level.OK


@pytest.fixture
def root(monkeypatch, tmp_path):
    place = tmp_path / "uploads"
    monkeypatch.setattr(storages["files"], "_location", str(place))
    storages["files"].__dict__.pop("location", None)
    storages["files"].__dict__.pop("base_location", None)
    yield place
    storages["files"].__dict__.pop("location", None)
    storages["files"].__dict__.pop("base_location", None)


def test_a_directory_of_our_own(ask, root):
    root.mkdir(mode=0o700)

    assert ask("files.directory").level == Level.OK


def test_a_directory_that_comes_with_the_first_upload(ask, root):
    answer = ask("files.directory")

    assert answer.level == Level.OK
    assert "first upload" in answer.found


def test_a_directory_that_others_can_read(ask, root):
    root.mkdir()
    root.chmod(0o755)

    answer = ask("files.directory")

    assert answer.level == Level.WARNING
    assert answer.remedy == f"chmod 700 {root}"


def test_what_is_no_directory(ask, root):
    root.write_text("a file")

    assert ask("files.directory").level == Level.ERROR


@pytest.mark.parametrize(
    ("command", "level"),
    [([], Level.NOTE), (["true", "-x"], Level.OK), (["no-such-scanner"], Level.ERROR)],
)
def test_the_scanner(ask, settings, command, level):
    settings.FILE_SCANNER = command

    assert ask("files.scanner").level == level


def test_templates_name_static_files():
    assert {"portal.css", "portal.js"} <= set(static._needed())
    assert all(Path(each).suffix for each in static._needed())
