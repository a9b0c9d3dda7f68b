"""What may stand in the log."""

import logging
import re

_LINK = re.compile(r"(/(?:link|link/invite|invitations|new-address)/)[\w:-]{20,}")


class WithoutTokens(logging.Filter):
    """Shortens the URLs that are keys: Django names the path of each request it refuses."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                _LINK.sub(r"\1…", each) if isinstance(each, str) else each for each in record.args
            )
        return True
