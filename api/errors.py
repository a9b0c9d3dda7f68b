"""What the API answers when something is not as asked: one envelope, never a page.

The envelope and the statuses are those of the contract (`ErrorMessage`). Typed clients read it only
where the operation documents the status, and take `canBeRetried` for a text.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from portal import outage

SERVICE = "PublicApi"
_RETRIABLE = frozenset({408, 429, 503})


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with what was sent."""

    item_id: str
    message: str
    validator: str = ""


class ApiError(Exception):
    """A refusal in words, with the status that says what kind it is."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        issues: Sequence[Issue] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.issues = tuple(issues)
        #: In seconds.
        self.retry_after = retry_after


def of_ours(error: Exception) -> ApiError:
    """Return what to answer when it is not the request that is wrong."""
    if outage.is_outage(error):
        return ApiError(
            503,
            "The database does not answer just now. Nothing was kept of this request: repeat it.",
            retry_after=outage.RETRY_AFTER_SECONDS,
        )
    return ApiError(500, "Something went wrong here, and was written down.")


def not_found(kind: str, identifier: object) -> ApiError:
    return ApiError(404, f"No {kind} was found with ID {identifier}")


def envelope(request: HttpRequest, error: ApiError) -> HttpResponse:
    """Answer with the error as the contract words it."""
    body: dict[str, Any] = {
        "statusCode": error.status,
        "service": SERVICE,
        "error": error.message,
        "correlationId": getattr(request, "correlation_id", ""),
        "canBeRetried": "True" if error.status in _RETRIABLE else "Unknown",
        "detailedErrorCode": 0,
    }
    if error.issues:
        body["validation"] = {
            "errors": [
                {"itemId": each.item_id, "message": each.message, "validatorName": each.validator}
                for each in error.issues
            ],
            "warnings": [],
        }
    response = HttpResponse(json.dumps(body), content_type="application/json", status=error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response
