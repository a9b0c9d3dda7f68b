"""How every status of a connection and of a pull looks: colour, shape and word, in one table."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Mark:
    tone: str
    shape: str
    name: Promise

    @property
    def word(self) -> str:
        return str(self.name)


# Keys are the values of the public API in lower case. Besides them: `error` is a linked
# connection with an active error, `pending` is how a connection's mark spells PendingAuth, and
# `ratelimited` is a running pull that waits for the platform's limit to pass.
CONNECTION_MARKS = {
    "linked": Mark("green", "disc", pgettext_lazy("connection", "Linked")),
    "error": Mark("red", "triangle", pgettext_lazy("connection", "Error")),
    "deauthorized": Mark("red", "diamond", pgettext_lazy("connection", "Deauthorized")),
    "pending": Mark("purple", "half", pgettext_lazy("connection", "Pending")),
    "pendingauth": Mark("purple", "half", pgettext_lazy("connection", "Pending")),
    "unlinked": Mark("grey", "ring", pgettext_lazy("connection", "Unlinked")),
}
PULL_MARKS = {
    "initial": Mark("grey", "dashed", pgettext_lazy("pull", "Starting")),
    "queued": Mark("grey", "dashed", pgettext_lazy("pull", "Queued")),
    "fetching": Mark("blue", "spinner", pgettext_lazy("pull", "Fetching")),
    "mapqueued": Mark("blue", "dashed", pgettext_lazy("pull", "Waiting to map")),
    "mapping": Mark("blue", "spinner", pgettext_lazy("pull", "Mapping")),
    "validationqueued": Mark("blue", "dashed", pgettext_lazy("pull", "Waiting to validate")),
    "validating": Mark("blue", "spinner", pgettext_lazy("pull", "Validating")),
    "processingqueued": Mark("blue", "dashed", pgettext_lazy("pull", "Waiting to store")),
    "processing": Mark("blue", "spinner", pgettext_lazy("pull", "Storing")),
    "ratelimited": Mark("amber", "bars", pgettext_lazy("pull", "Waiting for the limit")),
    "cancelling": Mark("grey", "spinner", pgettext_lazy("pull", "Cancelling")),
    "complete": Mark("green", "disc", pgettext_lazy("pull", "Complete")),
    "fetcherror": Mark("red", "triangle", pgettext_lazy("pull", "Could not fetch")),
    "maperror": Mark("red", "triangle", pgettext_lazy("pull", "Could not map")),
    "validationerror": Mark("red", "triangle", pgettext_lazy("pull", "Not valid")),
    "processingerror": Mark("red", "triangle", pgettext_lazy("pull", "Could not store")),
    "internalerror": Mark("red", "triangle", pgettext_lazy("pull", "Our error")),
    "autherror": Mark("red", "diamond", pgettext_lazy("pull", "Access lost")),
    "permissionserror": Mark("red", "square", pgettext_lazy("pull", "No permission")),
    "ratelimiterror": Mark("amber", "bars", pgettext_lazy("pull", "Rate limited")),
    "prerequisitenotmet": Mark("amber", "dash", pgettext_lazy("pull", "Needs other data first")),
    "notsupported": Mark("grey", "dash", pgettext_lazy("pull", "Not supported")),
    "cancelled": Mark("grey", "cross", pgettext_lazy("pull", "Cancelled")),
}
#: Of a company: what came without a connection.
FILE_MARKS = {"fileupload": Mark("green", "square", pgettext_lazy("file", "File upload"))}
DELIVERY_MARKS = {
    "sending": Mark("grey", "dashed", pgettext_lazy("delivery", "Sending")),
    "attempting": Mark("amber", "spinner", pgettext_lazy("delivery", "Attempting")),
    "succeeded": Mark("green", "disc", pgettext_lazy("delivery", "Succeeded")),
    "failed": Mark("red", "triangle", pgettext_lazy("delivery", "Failed")),
    "disabled": Mark("grey", "cross", pgettext_lazy("delivery", "Endpoint off")),
}
_MARKS = CONNECTION_MARKS | PULL_MARKS | FILE_MARKS | DELIVERY_MARKS

#: Of what is in the books; a platform's word that is not here is shown as it is.
RECORD_MARKS = {
    "draft": Mark("grey", "dashed", pgettext_lazy("record", "Draft")),
    "submitted": Mark("grey", "ring", pgettext_lazy("record", "Submitted")),
    "open": Mark("grey", "ring", pgettext_lazy("record", "Open")),
    "partiallypaid": Mark("blue", "half", pgettext_lazy("record", "Partially paid")),
    "paid": Mark("green", "disc", pgettext_lazy("record", "Paid")),
    "void": Mark("grey", "cross", pgettext_lazy("record", "Void")),
    "active": Mark("green", "disc", pgettext_lazy("record", "Active")),
    "archived": Mark("grey", "cross", pgettext_lazy("record", "Archived")),
    "pending": Mark("purple", "half", pgettext_lazy("record", "Pending")),
    "reconciled": Mark("green", "disc", pgettext_lazy("record", "Reconciled")),
    "unreconciled": Mark("grey", "ring", pgettext_lazy("record", "Unreconciled")),
    "unknown": Mark("grey", "dash", pgettext_lazy("record", "Unknown")),
}

# Worst first: what an operator should see when there is room for a few only.
_TONES_BY_URGENCY = ("red", "purple", "amber", "grey", "blue", "green")


def mark_of(status: str) -> Mark:
    """Look a status up, however its words are joined.

    :raises ValueError: when no such status exists.
    """
    key = str(status).lower().replace("_", "").replace("-", "").replace(" ", "")
    try:
        return _MARKS[key]
    except KeyError:
        raise ValueError(f"no mark for status {status!r}") from None


def urgency(status: str) -> int:
    """Rank a status for sorting: the smaller, the sooner it needs somebody."""
    return _TONES_BY_URGENCY.index(mark_of(status).tone)
