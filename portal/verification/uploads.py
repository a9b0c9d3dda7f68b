"""Does every uploaded file lie on the disk as it came?"""

import hashlib
from collections.abc import Iterator

from django.core.files.storage import storages

from files import archive
from files.models import UploadedFile
from portal.backup.taking import known_now
from portal.verification.rows import each


def files() -> Iterator[int | str]:
    for file in each(UploadedFile.objects.all()):
        yield 1
        if not storages["files"].exists(file.path):
            # Deleted since this check began, it has neither.
            if known_now([file]):
                yield f"file {file.path} is not on the disk"
            continue
        digest, size = hashlib.sha256(), 0
        for chunk in archive.content(file):
            digest.update(chunk)
            size += len(chunk)
        if size != file.size:
            yield f"file {file.path} has {size} bytes instead of {file.size}"
        elif digest.hexdigest() != file.sha256:
            yield f"file {file.path} is not what was uploaded"
