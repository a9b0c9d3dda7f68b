"""What can go wrong at a platform.

PlatformError             message fit to show the user; .detail is for us, never shown
├─ AuthorizationRevoked   the platform refuses our credentials
├─ InvalidCredentials     .field names what was typed in wrongly on the Link page
├─ PermissionMissing      we may look, but not at this
├─ RateLimited            .retry_after seconds, when that is known; .is_daily; .was_asked
├─ Unreachable            no answer, or their server failed: try again later
│  └─ Suspended           it did not answer of late, so it was not asked; .retry_after, .since
├─ Unexpected             their answer made no sense
├─ Missing                there is no such record or file (any more)
├─ TooLarge               a file is larger than may be passed on
├─ NotSupported           the platform has no such data
└─ Unreadable             what we ask with cannot be decrypted; no platform raises it
"""

from collections.abc import Mapping
from datetime import datetime

from connections.words import Told


class PlatformError(Told):
    """The base to catch: an outcome of talking to a platform, not a fault of ours.

    A sentence that a customer is told on our own pages is marked with `gettext_noop`, and what
    varies in it is given beside it: `Unreachable(gettext_noop("%(platform)s …"), {"platform": …})`.
    """


class AuthorizationRevoked(PlatformError):
    """The platform refuses our credentials.

    From ``refresh`` this is final: the customer must authorize again. From any other call the
    access token may merely have expired: refresh once, then ask again.
    """


class InvalidCredentials(PlatformError):
    """The address, database or key that the customer typed in leads nowhere."""

    def __init__(
        self,
        template: str,
        values: Mapping[str, object] | None = None,
        *,
        field: str,
        detail: str = "",
    ) -> None:
        super().__init__(template, values, detail=detail)
        self.field = field


class PermissionMissing(PlatformError):
    """The customer's authorization does not cover this data."""


class RateLimited(PlatformError):
    """The platform wants fewer requests.

    ``is_daily``: a day's allowance is used up, so the wait is long and still no failure.
    ``was_asked``: whether the platform itself said so; we hold back before it has to.
    """

    def __init__(
        self,
        template: str,
        values: Mapping[str, object] | None = None,
        *,
        retry_after: float | None = None,
        is_daily: bool = False,
        was_asked: bool = True,
        detail: str = "",
    ) -> None:
        super().__init__(template, values, detail=detail)
        self.retry_after = retry_after
        self.is_daily = is_daily
        self.was_asked = was_asked


class Unreachable(PlatformError):
    """The platform did not answer, or failed on its side."""


class Suspended(Unreachable):
    """The platform failed so often of late that it is left alone for a while."""

    def __init__(
        self,
        template: str,
        values: Mapping[str, object] | None = None,
        *,
        retry_after: float,
        since: datetime,
        detail: str = "",
    ) -> None:
        super().__init__(template, values, detail=detail)
        self.retry_after = retry_after
        self.since = since


class Unexpected(PlatformError):
    """The platform's answer made no sense."""


class Missing(PlatformError):
    """The platform has no such record, or no such file at it."""


class TooLarge(PlatformError):
    """The platform's file is larger than what is passed on."""


class NotSupported(PlatformError):
    """The platform cannot give this data."""


class Unreadable(PlatformError):
    """What we would ask the platform with is stored, but cannot be decrypted."""
