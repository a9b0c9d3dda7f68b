"""Files that no row knows: left by a crash or a rolled back upload, or by a failed removal."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.core.files.storage import storages

from companies import tenancy
from files.models import UploadedFile
from portal import clock

logger = logging.getLogger(__name__)

#: A younger file may be one whose upload has not come to its end.
_YOUNG = timedelta(hours=1)


def sweep() -> int:
    """Remove them; answer how many."""
    removed = 0
    storage = storages["files"]
    for organization_id, company_id, paths in _companies():
        with tenancy.entered(organization_id):
            files = UploadedFile.objects.within(organization_id).filter(company_id=company_id)
            known = {file.path for file in files}
            young = clock.now() - _YOUNG
        for path in paths - known:
            try:
                if storage.get_modified_time(path) < young:
                    storage.delete(path)
                    removed += 1
            except FileNotFoundError:  # somebody else removed it
                continue
    if removed:
        logger.info("removed %s uploaded files that no row knows", removed)
    return removed


def _companies() -> Iterator[tuple[UUID, UUID, set[str]]]:
    storage = storages["files"]
    if not storage.exists(""):  # nothing was ever uploaded
        return
    for organization in _ids(storage.listdir("")[0]):
        for company in _ids(storage.listdir(str(organization))[0]):
            directory = f"{organization}/{company}"
            names = _ids(storage.listdir(directory)[1])
            yield organization, company, {f"{directory}/{name}" for name in names}


def _ids(names: list[str]) -> Iterator[UUID]:
    """Leave alone what is not ours."""
    for name in names:
        try:
            yield UUID(name)
        except ValueError:
            continue
