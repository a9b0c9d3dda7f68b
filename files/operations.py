"""What is done with uploaded files, whoever asks: a member, or a customer on the Link page.

A file is written before its row is, and removed after its row is gone: a crash between the two
leaves a file that nobody knows, which `files.orphans` removes, but never a row without its file.
"""

import hashlib
import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.storage import storages
from django.core.files.uploadedfile import UploadedFile as Incoming
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from companies import events, tenancy
from companies.models import Actor, Company, EventType, User, person
from files import archive, names, tasks
from files.kinds import Unacceptable, chunks_of, kind_of
from files.models import UploadedFile, UploadedFileQuerySet

logger = logging.getLogger(__name__)

LARGEST = 10 * 1024 * 1024
MOST_PER_COMPANY = 500

Scan = UploadedFile.Scan
Source = UploadedFile.Source

_LOCKED = {
    Scan.WAITING: gettext_lazy("The file is locked: being scanned."),
    Scan.INFECTED: gettext_lazy("The file is locked: infected."),
    Scan.FAILED: gettext_lazy("The file is locked: scan failed."),
}


class Deleted(Exception):
    """The company, or the file, is no more."""


class NotDownloadable(Exception):
    """The file is locked until the scanner finds it clean, or its content is gone."""


@dataclass(frozen=True, slots=True)
class Refusal:
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of the files that were sent together."""

    company: Company
    source: UploadedFile.Source
    by: Actor | None
    id: UUID = field(default_factory=uuid4)
    at: datetime = field(default_factory=timezone.now)
    taken: list[UploadedFile] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def store(
    company: Company,
    incoming: Sequence["Incoming[bytes]"],
    *,
    source: UploadedFile.Source,
    uploaded_by: Actor | None = None,
) -> Upload:
    """Keep the files that can be kept, and say of each other one why not.

    :raises Deleted: when the company was deleted meanwhile.
    """
    upload = Upload(company=company, source=source, by=uploaded_by)
    with tenancy.entered(company.organization_id):
        # Held until the rows stand: a company being deleted waits, and takes them along.
        locked = Company.objects.within(company.organization_id).select_for_update(no_key=True)
        if not locked.filter(pk=company.pk).exists():
            raise Deleted(_("The company was deleted."))
        room = MOST_PER_COMPANY - _files_of(company).count()
        for each in incoming:
            name = names.clean(each.name or "")
            try:
                _refuse_more_than(room - len(upload.taken))
                upload.taken.append(_store(upload, each, name))
            except Unacceptable as refusal:
                upload.refused.append(Refusal(name, str(refusal)))
        if upload.taken:
            _record(EventType.FILES_UPLOADED, upload.taken, "uploaded", actor=uploaded_by)
    return upload


def delete(file: UploadedFile, *, actor: User) -> None:
    """Remove the file for good.

    :raises Deleted: when somebody else did.
    """
    with tenancy.entered(file.organization_id):
        found = UploadedFile.objects.within(file.organization_id).filter(pk=file.pk)
        if not found.delete()[0]:
            raise Deleted(_("The file was deleted."))
        _record(EventType.FILES_DELETED, [file], "deleted", actor=actor)
        transaction.on_commit(partial(_remove, [file.path]), robust=True)


def delete_of(company: Company) -> None:
    """Remove all files of a company; call it in the transaction that deletes the locked company."""
    files = list(_files_of(company))
    _files_of(company).delete()
    if files:
        directory = files[0].path.rpartition("/")[0]
        paths = [*(file.path for file in files), directory]
        transaction.on_commit(partial(_remove, paths), robust=True)


def read(file: UploadedFile) -> Iterator[bytes]:
    """Return what is in the file.

    :raises NotDownloadable: when it is locked, or its content is gone.
    """
    if not file.is_downloadable:
        raise NotDownloadable(str(_LOCKED[Scan(file.scan)]))
    if not storages["files"].exists(file.path):
        logger.error("the content of uploaded file %s is gone", file.pk)
        raise NotDownloadable(_("The content of the file is gone."))
    return archive.content(file)


def read_all(files: Collection[UploadedFile]) -> Iterator[bytes]:
    """Return a zip archive of those that are not locked.

    :raises NotDownloadable: when there are none.
    """
    released = [file for file in files if file.is_downloadable]
    if not released:
        raise NotDownloadable(_("There is no file to download."))
    return archive.zipped(released)


def _store(upload: Upload, incoming: "Incoming[bytes]", name: str) -> UploadedFile:
    size = incoming.size or 0
    if not size:
        raise Unacceptable(_("It is empty."))
    if size > LARGEST:
        raise Unacceptable(_("It is larger than 10 MB."))
    content = incoming.open()
    kind = kind_of(content, extension=names.extension_of(name))
    digest = hashlib.sha256()
    for chunk in chunks_of(content):
        digest.update(chunk)
    is_scanned = bool(settings.FILE_SCANNER)
    file = UploadedFile(
        organization_id=upload.company.organization_id,
        company=upload.company,
        upload_id=upload.id,
        name=name,
        size=size,
        content_type=kind.content_type,
        sha256=digest.hexdigest(),
        source=upload.source,
        uploaded_at=upload.at,
        uploaded_by=person(upload.by),
        scan=Scan.WAITING if is_scanned else Scan.OFF,
        scan_due_at=upload.at if is_scanned else None,
    )
    storages["files"].save(file.path, incoming)
    file.save(force_insert=True)
    if is_scanned:
        ring = partial(tasks.ring, file.organization_id, file.pk)
        transaction.on_commit(ring, robust=True)
    return file


def _refuse_more_than(room: int) -> None:
    if room <= 0:
        raise Unacceptable(
            _("The company has %(most)d files, and more are not kept.") % {"most": MOST_PER_COMPANY}
        )


def _files_of(company: Company) -> UploadedFileQuerySet:
    return UploadedFile.objects.within(company.organization_id).filter(company=company)


def _remove(paths: Sequence[str]) -> None:
    for path in paths:
        try:
            storages["files"].delete(path)
        except OSError as error:  # what is left is an orphan now
            logger.warning("could not remove %s: %s", path, error)


def _record(
    event_type: EventType, files: Sequence[UploadedFile], did: str, *, actor: Actor | None
) -> None:
    """Names stand in the payload only: everybody reads the activity, not everybody sees data."""
    events.record(
        event_type,
        organization_id=files[0].organization_id,
        company_id=files[0].company_id,
        actor=actor,
        summary=f"{did} {len(files)} file{'' if len(files) == 1 else 's'}",
        payload={"files": [{"id": str(file.pk), "name": file.name} for file in files]},
    )
