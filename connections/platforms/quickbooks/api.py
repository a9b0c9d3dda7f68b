"""Asking QuickBooks: the company meant, how often, what a fault means."""

from collections.abc import Callable, Container, Mapping

import httpx
import msgspec

from connections.platforms.base import (
    AuthorizationRevoked,
    Credentials,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Unexpected,
)
from connections.platforms.gates import MINUTE
from connections.platforms.http import Answer, decode, get, retry_after

NAME = "QuickBooks Online"
REALM = "realm_id"
# Lower ones are ignored since August 2025.
# https://blogs.intuit.com/2025/01/21/changes-to-our-accounting-api-that-may-impact-your-application/
MINOR_VERSION = 75

# https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
_THROTTLED = 3001
_NOT_THIS_COMPANY = 3100
_NO_PERMISSION = 5020
_SUBSCRIPTION_ENDED = 6190


class Api:
    """One company's books over HTTP."""

    def __init__(
        self, http: httpx.Client, credentials: Credentials, sleep: Callable[[float], None]
    ) -> None:
        self._http = http
        self._token = credentials.access_token
        self._sleep = sleep
        realm = credentials.parameters.get(REALM)
        if not realm:
            raise Unexpected(f"{NAME} did not say which company it is.", detail="no realm")
        self.realm = realm

    def ask(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        accepted: Container[int] = (httpx.codes.OK,),
    ) -> Answer:
        return get(
            self._http,
            f"/v3/company/{self.realm}/{path}",
            platform=NAME,
            token=self._token,
            params={**(params or {}), "minorversion": MINOR_VERSION},
            read=self._meant,
            accepted=accepted,
            sleep=self._sleep,
        )

    def ask_for[T](
        self,
        decoder: msgspec.json.Decoder[T],
        path: str,
        params: Mapping[str, str | int] | None = None,
    ) -> T:
        return decode(self.ask(path, params), decoder, NAME, path)

    def _meant(self, answer: Answer) -> PlatformError | None:
        """Return what QuickBooks means where its statuses do not tell."""
        if answer.status == httpx.codes.OK:
            return None
        fault = _fault(answer)
        if answer.status == httpx.codes.TOO_MANY_REQUESTS or _THROTTLED in fault.codes:
            # The minute's allowance is told with no end to the wait: a minute.
            seconds = retry_after(answer.headers)
            wait = MINUTE if seconds is None else seconds
            return RateLimited(
                f"{NAME} asks us to slow down.", retry_after=wait, detail=fault.detail(answer)
            )
        return fault.error(answer)


class _Error(msgspec.Struct):
    code: str = ""


class _Fault(msgspec.Struct):
    type: str = ""
    #: The gateway before the books writes its faults in lower-case letters.
    upper: tuple[_Error, ...] = msgspec.field(name="Error", default=())
    lower: tuple[_Error, ...] = msgspec.field(name="error", default=())

    @property
    def codes(self) -> frozenset[int]:
        return frozenset(
            int(error.code) for error in (*self.upper, *self.lower) if error.code.isdecimal()
        )

    def detail(self, answer: Answer) -> str:
        """Return the codes; texts are left out, since they may repeat what was asked with."""
        codes = " ".join(map(str, sorted(self.codes)))
        return f"HTTP {answer.status}: {self.type or 'fault'} {codes}".rstrip()

    def error(self, answer: Answer) -> PlatformError | None:
        detail = self.detail(answer)
        if _NOT_THIS_COMPANY in self.codes:
            return AuthorizationRevoked(
                f"The authorization at {NAME} does not reach this company.", detail=detail
            )
        if self.type.upper() in {"AUTHENTICATION", "AUTHENTICATIONFAULT"}:
            return AuthorizationRevoked(
                f"{NAME} no longer accepts our authorization.", detail=detail
            )
        if _SUBSCRIPTION_ENDED in self.codes:
            return PermissionMissing(
                f"The company's subscription to {NAME} has ended.", detail=detail
            )
        if _NO_PERMISSION in self.codes:
            return PermissionMissing(
                f"The authorization at {NAME} does not cover this data.", detail=detail
            )
        return None


class _Refusal(msgspec.Struct):
    upper: _Fault | None = msgspec.field(name="Fault", default=None)
    lower: _Fault | None = msgspec.field(name="fault", default=None)


_REFUSAL = msgspec.json.Decoder(_Refusal)


def _fault(answer: Answer) -> _Fault:
    try:
        refusal = _REFUSAL.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Fault()
    return refusal.upper or refusal.lower or _Fault()
