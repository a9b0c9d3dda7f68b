"""A file at a record of a platform's, without what is in it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What the platform says of a file; what it does not say is None."""

    id: str
    name: str | None = None
    content_type: str | None = None
    #: In bytes.
    size: int | None = None
    created_at: datetime | None = None
    #: Whether it goes along when the record is sent to the other party.
    is_sent_along: bool | None = None
