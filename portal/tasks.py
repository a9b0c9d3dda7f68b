"""What workers do for the installation as a whole."""

from typing import Any

from celery import shared_task

from companies import partitions
from portal import clock
from portal.owner import owner_beside, owns_tables


@shared_task(name="portal.tasks.make_months")
def make_months(**_: Any) -> int:
    """Make the months ahead, where this process may; where not, `manage.py prune` does."""
    if not owns_tables():
        return 0
    with owner_beside() as owner:
        try:
            return len(partitions.make_months(owner, clock.now()))
        except partitions.InUse:
            return 0  # the next time
