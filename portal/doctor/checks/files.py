"""Can uploaded files be kept, by nobody but us, and scanned?"""

import os
import shutil
import stat
from pathlib import Path

from django.conf import settings
from django.core.files.storage import storages

from portal.doctor.findings import Answer, error, note, ok, warning

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def directory() -> Answer:
    place = Path(getattr(storages["files"], "location"))  # noqa: B009 - no storage has it by type
    if not place.exists():
        return _not_yet(place)
    if not place.is_dir() or not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        return error(
            f"{place} is no directory that user {os.geteuid()} can write to.",
            "Uploads fail, and files that are there cannot be handed out.",
            f"chown -R to the user of web and worker, and chmod 700 {place}",
        )
    if others := stat.S_IMODE(place.stat().st_mode) & _OTHERS:
        return warning(
            f"{place} is open to other users of this machine (mode {others:03o} for them).",
            "Documents of customers lie there; their own directories and files are closed.",
            f"chmod 700 {place}",
        )
    return ok(f"{place} can be written to, by its user only.")


def scanner() -> Answer:
    if not settings.FILE_SCANNER:
        return note(
            "There is no virus scanner.",
            "Uploaded files are open at once. Members and customers could pass on what harms.",
            "Set LEDGERPORT_FILE_SCANNER (docs/operate.md, Uploaded files), or accept it.",
        )
    program = settings.FILE_SCANNER[0]
    if shutil.which(program) is None:
        return error(
            f"LEDGERPORT_FILE_SCANNER names {program}, which is not on this machine.",
            "Where workers lack it, too, uploaded files stay locked.",
            "Install it where workers run, or correct LEDGERPORT_FILE_SCANNER.",
        )
    return ok(f"{program} is there.")


def _not_yet(place: Path) -> Answer:
    above = next(each for each in place.parents if each.exists())
    if os.access(above, os.W_OK | os.X_OK):
        return ok(f"{place} is made with the first upload.")
    return error(
        f"{place} is not there, and user {os.geteuid()} cannot make it in {above}.",
        "Uploads fail.",
        f"As root: install -d -m 700 -o USER {place}, for the user of web and worker.",
    )
