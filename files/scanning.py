"""The operator's virus scanner: a command that is given a file's path.

It exits with 0 for a clean file and with 1 for an infected one, as ClamAV's do. Whatever else
happens, the file stays locked and is scanned again.
"""

import logging
import os
import subprocess
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.files.storage import storages
from django.db.models.functions import Now

from companies import events, tenancy
from companies.models import EventType
from files.models import UploadedFile

logger = logging.getLogger(__name__)

Scan = UploadedFile.Scan

TIMEOUT_SECONDS = 300
_AGAIN_AFTER = timedelta(minutes=10)
#: Of our environment a foreign program gets this much: the rest of it is secrets.
_SHARED_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR")
_VERDICTS = {0: Scan.CLEAN, 1: Scan.INFECTED}


def scan(organization_id: UUID, file_id: UUID) -> None:
    """Scan the file if it is due; of two who try the same, one does."""
    if not settings.FILE_SCANNER:
        # Not a reason to release it: only this process may lack the setting.
        logger.warning("uploaded file %s waits: LEDGERPORT_FILE_SCANNER is not set", file_id)
        return
    file = _claim(organization_id, file_id)
    if file is not None:
        _conclude(file, _verdict(file))


def _claim(organization_id: UUID, file_id: UUID) -> UploadedFile | None:
    with tenancy.entered(organization_id):
        found = UploadedFile.objects.within(organization_id).filter(pk=file_id)
        if not found.due_for_scan().update(scan_due_at=Now() + _AGAIN_AFTER):
            return None
        return found.first()


def _verdict(file: UploadedFile) -> UploadedFile.Scan:
    command = [*settings.FILE_SCANNER, storages["files"].path(file.path)]
    known = {name: os.environ[name] for name in _SHARED_VARIABLES if name in os.environ}
    try:
        status = subprocess.run(  # noqa: S603 - the operator's command; the path is ours
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
            env=known,
        ).returncode
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.error("the virus scanner failed: %s", error)  # noqa: TRY400 - no trace is needed
        return Scan.FAILED
    if status not in _VERDICTS:
        logger.error("the virus scanner failed with status %s", status)
    return _VERDICTS.get(status, Scan.FAILED)


def _conclude(file: UploadedFile, verdict: UploadedFile.Scan) -> None:
    again = Now() + _AGAIN_AFTER if verdict == Scan.FAILED else None
    with tenancy.entered(file.organization_id):
        found = UploadedFile.objects.within(file.organization_id).filter(pk=file.pk)
        if found.update(scan=verdict, scan_due_at=again) and verdict == Scan.INFECTED:
            events.record(
                EventType.FILE_INFECTED,
                organization_id=file.organization_id,
                company_id=file.company_id,
                summary="found a virus in an uploaded file and keeps it locked",
                payload={"files": [{"id": str(file.pk), "name": file.name}]},
            )
