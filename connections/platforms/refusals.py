"""What a status, a header or a lost connection means, as one tree of errors."""

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from connections.platforms.errors import (
    AuthorizationRevoked,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Unexpected,
    Unreachable,
)
from connections.platforms.reading import Answer
from connections.words import gettext_noop

LONGEST_RETRY_AFTER = 24 * 3600.0


def error_for(platform: str, answer: Answer, *, secret: str = "") -> PlatformError:
    """Return the error that an HTTP status means."""
    text = answer.content[:500].decode(errors="replace")
    detail = f"HTTP {answer.status}: {text.replace(secret, '…') if secret else text}"
    match answer.status:
        case httpx.codes.UNAUTHORIZED:
            return AuthorizationRevoked(
                gettext_noop("%(platform)s no longer accepts our authorization."),
                {"platform": platform},
                detail=detail,
            )
        case httpx.codes.FORBIDDEN:
            return PermissionMissing(
                gettext_noop("The authorization at %(platform)s does not cover this data."),
                {"platform": platform},
                detail=detail,
            )
        case httpx.codes.TOO_MANY_REQUESTS:
            return RateLimited(
                gettext_noop("%(platform)s asks us to slow down."),
                {"platform": platform},
                retry_after=retry_after(answer.headers),
                detail=detail,
            )
        case httpx.codes.REQUEST_TIMEOUT:
            return Unreachable(
                gettext_noop("%(platform)s did not answer in time."),
                {"platform": platform},
                detail=detail,
            )
        case status if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return Unreachable(
                gettext_noop("%(platform)s has a problem on its side."),
                {"platform": platform},
                detail=detail,
            )
        case _:
            return Unexpected(
                gettext_noop("%(platform)s gave an answer we do not understand."),
                {"platform": platform},
                detail=detail,
            )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, from a number or an HTTP date, between none and a day."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[+-]?\d{1,20}(\.\d{1,20})?", value, re.ASCII):
        seconds = float(value)
    else:
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def network_error(platform: str, error: httpx.RequestError, path: str) -> PlatformError:
    """Return the error that a request without an answer means."""
    detail = f"{path}: {type(error).__name__}: {cause(error) or 'withheld'}"
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(
            gettext_noop("%(platform)s did not answer in time."),
            {"platform": platform},
            detail=detail,
        )
    if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError)):
        return Unreachable(
            gettext_noop("%(platform)s could not be reached."),
            {"platform": platform},
            detail=detail,
        )
    return Unexpected(
        gettext_noop("%(platform)s gave an answer we do not understand."),
        {"platform": platform},
        detail=detail,
    )


def cause(error: httpx.RequestError) -> httpx.RequestError | None:
    """Return the error unless it quotes our request: a header that is refused holds the token."""
    return None if isinstance(error, httpx.LocalProtocolError) else error


def is_failure(status: int) -> bool:
    """Tell whether a status says that the platform is not well."""
    return status == httpx.codes.REQUEST_TIMEOUT or status >= httpx.codes.INTERNAL_SERVER_ERROR
