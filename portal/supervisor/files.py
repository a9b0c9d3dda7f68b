"""Files that others may read at any moment, and that only their owner may read."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Put a whole new text in place at once, readable by its owner only."""
    building = path.with_name(f".{path.name}.{os.getpid()}")
    building.unlink(missing_ok=True)
    descriptor = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    building.rename(path)
