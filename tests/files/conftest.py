from pathlib import Path

import pytest
from django.core.files.storage import storages


@pytest.fixture(autouse=True)
def shelf(tmp_path, settings) -> Path:
    """Where this test's files lie."""
    own = settings.STORAGES["files"]
    options = own["OPTIONS"] | {"location": tmp_path / "files"}
    settings.STORAGES = settings.STORAGES | {"files": own | {"OPTIONS": options}}
    return Path(storages["files"].path(""))


@pytest.fixture
def lying(shelf):
    """Count the files that lie on the disk now."""
    return lambda: sum(each.is_file() for each in shelf.rglob("*"))
