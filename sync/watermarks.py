"""Where the next incremental pull begins, whatever the platform's clock says.

A watermark is the platform's own time. Where its clock is ahead, and is put right later, everything
that changes until it has caught up bears stamps from before the watermark, and would be passed over
until the next full pull. So a watermark in the future is moved back to when the pull began by the
database's clock, and a little before: what comes again because of that is the same as before.
"""

import logging
from datetime import timedelta

from connections.platforms import get_platform
from portal import clock
from sync.models import Pull

logger = logging.getLogger(__name__)

#: What was being written at the platform when the pull began.
OVERLAP = timedelta(minutes=1)


def settled(pull: Pull, told: str | None) -> str:
    """Return what to keep of the watermark that a page told."""
    if not told or told == pull.watermark:
        return pull.watermark
    platform = get_platform(pull.connection.platform)
    at = platform.moment_of(told)
    if at is None or pull.started_at is None or at <= pull.started_at:
        return told
    latest = pull.started_at - OVERLAP
    # The first page that tells one decides: by the last one, time may have caught up with it.
    was_moved = pull.watermark != "" and platform.moment_of(pull.watermark) == latest
    if not was_moved:
        ahead = at - clock.now()
        if ahead <= timedelta():
            return told
        logger.warning(
            "%s pull %s: its platform's clock is %s ahead", pull.data_type, pull.pk, ahead
        )
    return platform.moved(told, latest)
