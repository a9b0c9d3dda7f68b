"""How every status of a connection and of a pull looks: colour, shape and word, in one table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    tone: str
    shape: str
    word: str


# Keys are the values of the public API in lower case. Besides them: `error` is a linked
# connection with an active error, `pending` is how a connection's mark spells PendingAuth, and
# `ratelimited` is a running pull that waits for the platform's limit to pass.
CONNECTION_MARKS = {
    "linked": Mark("green", "disc", "Linked"),
    "error": Mark("red", "triangle", "Error"),
    "deauthorized": Mark("red", "diamond", "Deauthorized"),
    "pending": Mark("purple", "half", "Pending"),
    "pendingauth": Mark("purple", "half", "Pending"),
    "unlinked": Mark("grey", "ring", "Unlinked"),
}
PULL_MARKS = {
    "initial": Mark("grey", "dashed", "Starting"),
    "queued": Mark("grey", "dashed", "Queued"),
    "fetching": Mark("blue", "spinner", "Fetching"),
    "mapqueued": Mark("blue", "dashed", "Waiting to map"),
    "mapping": Mark("blue", "spinner", "Mapping"),
    "validationqueued": Mark("blue", "dashed", "Waiting to validate"),
    "validating": Mark("blue", "spinner", "Validating"),
    "processingqueued": Mark("blue", "dashed", "Waiting to store"),
    "processing": Mark("blue", "spinner", "Storing"),
    "ratelimited": Mark("amber", "bars", "Waiting for the limit"),
    "cancelling": Mark("grey", "spinner", "Cancelling"),
    "complete": Mark("green", "disc", "Complete"),
    "fetcherror": Mark("red", "triangle", "Could not fetch"),
    "maperror": Mark("red", "triangle", "Could not map"),
    "validationerror": Mark("red", "triangle", "Not valid"),
    "processingerror": Mark("red", "triangle", "Could not store"),
    "internalerror": Mark("red", "triangle", "Our error"),
    "autherror": Mark("red", "diamond", "Access lost"),
    "permissionserror": Mark("red", "square", "No permission"),
    "ratelimiterror": Mark("amber", "bars", "Rate limited"),
    "prerequisitenotmet": Mark("amber", "dash", "Needs other data first"),
    "notsupported": Mark("grey", "dash", "Not supported"),
    "cancelled": Mark("grey", "cross", "Cancelled"),
}
#: Of a company: what came without a connection.
FILE_MARKS = {"fileupload": Mark("green", "square", "File upload")}
DELIVERY_MARKS = {
    "sending": Mark("grey", "dashed", "Sending"),
    "attempting": Mark("amber", "spinner", "Attempting"),
    "succeeded": Mark("green", "disc", "Succeeded"),
    "failed": Mark("red", "triangle", "Failed"),
    "disabled": Mark("grey", "cross", "Endpoint off"),
}
_MARKS = CONNECTION_MARKS | PULL_MARKS | FILE_MARKS | DELIVERY_MARKS

#: Of what is in the books; a platform's word that is not here is shown as it is.
RECORD_MARKS = {
    "draft": Mark("grey", "dashed", "Draft"),
    "submitted": Mark("grey", "ring", "Submitted"),
    "open": Mark("grey", "ring", "Open"),
    "partiallypaid": Mark("blue", "half", "Partially paid"),
    "paid": Mark("green", "disc", "Paid"),
    "void": Mark("grey", "cross", "Void"),
    "active": Mark("green", "disc", "Active"),
    "archived": Mark("grey", "cross", "Archived"),
    "pending": Mark("purple", "half", "Pending"),
    "reconciled": Mark("green", "disc", "Reconciled"),
    "unreconciled": Mark("grey", "ring", "Unreconciled"),
    "unknown": Mark("grey", "dash", "Unknown"),
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
