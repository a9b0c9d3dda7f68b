"""How every status of a connection and of a pull looks: colour, shape and word, in one table."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
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
    "linked": Mark("green", "disc", _("Linked")),
    "error": Mark("red", "triangle", _("Error")),
    "deauthorized": Mark("red", "diamond", _("Deauthorized")),
    "pending": Mark("purple", "half", _("Pending")),
    "pendingauth": Mark("purple", "half", _("Pending")),
    "unlinked": Mark("grey", "ring", _("Unlinked")),
}
PULL_MARKS = {
    "initial": Mark("grey", "dashed", _("Starting")),
    "queued": Mark("grey", "dashed", _("Queued")),
    "fetching": Mark("blue", "spinner", _("Fetching")),
    "mapqueued": Mark("blue", "dashed", _("Waiting to map")),
    "mapping": Mark("blue", "spinner", _("Mapping")),
    "validationqueued": Mark("blue", "dashed", _("Waiting to validate")),
    "validating": Mark("blue", "spinner", _("Validating")),
    "processingqueued": Mark("blue", "dashed", _("Waiting to store")),
    "processing": Mark("blue", "spinner", _("Storing")),
    "ratelimited": Mark("amber", "bars", _("Waiting for the limit")),
    "cancelling": Mark("grey", "spinner", _("Cancelling")),
    "complete": Mark("green", "disc", _("Complete")),
    "fetcherror": Mark("red", "triangle", _("Could not fetch")),
    "maperror": Mark("red", "triangle", _("Could not map")),
    "validationerror": Mark("red", "triangle", _("Not valid")),
    "processingerror": Mark("red", "triangle", _("Could not store")),
    "internalerror": Mark("red", "triangle", _("Our error")),
    "autherror": Mark("red", "diamond", _("Access lost")),
    "permissionserror": Mark("red", "square", _("No permission")),
    "ratelimiterror": Mark("amber", "bars", _("Rate limited")),
    "prerequisitenotmet": Mark("amber", "dash", _("Needs other data first")),
    "notsupported": Mark("grey", "dash", _("Not supported")),
    "cancelled": Mark("grey", "cross", _("Cancelled")),
}
#: Of a company: what came without a connection.
FILE_MARKS = {"fileupload": Mark("green", "square", _("File upload"))}
DELIVERY_MARKS = {
    "sending": Mark("grey", "dashed", _("Sending")),
    "attempting": Mark("amber", "spinner", _("Attempting")),
    "succeeded": Mark("green", "disc", _("Succeeded")),
    "failed": Mark("red", "triangle", _("Failed")),
    "disabled": Mark("grey", "cross", _("Endpoint off")),
}
_MARKS = CONNECTION_MARKS | PULL_MARKS | FILE_MARKS | DELIVERY_MARKS

#: Of what is in the books; a platform's word that is not here is shown as it is.
RECORD_MARKS = {
    "draft": Mark("grey", "dashed", pgettext_lazy("of a record", "Draft")),
    "submitted": Mark("grey", "ring", pgettext_lazy("of a record", "Submitted")),
    "open": Mark("grey", "ring", pgettext_lazy("of a record", "Open")),
    "partiallypaid": Mark("blue", "half", pgettext_lazy("of a record", "Partially paid")),
    "paid": Mark("green", "disc", pgettext_lazy("of a record", "Paid")),
    "void": Mark("grey", "cross", pgettext_lazy("of a record", "Void")),
    "active": Mark("green", "disc", pgettext_lazy("of a record", "Active")),
    "archived": Mark("grey", "cross", pgettext_lazy("of a record", "Archived")),
    "pending": Mark("purple", "half", pgettext_lazy("of a record", "Pending")),
    "reconciled": Mark("green", "disc", pgettext_lazy("of a record", "Reconciled")),
    "unreconciled": Mark("grey", "ring", pgettext_lazy("of a record", "Unreconciled")),
    "unknown": Mark("grey", "dash", pgettext_lazy("of a record", "Unknown")),
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
