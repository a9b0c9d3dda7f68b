"""Asking Xero: the organization meant, what an answer's headers teach, what a refusal means."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
import msgspec

from connections.platforms.base import (
    AuthorizationRevoked,
    Credentials,
    PermissionMissing,
    PlatformError,
)
from connections.platforms.http import Answer, decode, get, pause
from connections.platforms.xero import limits
from connections.platforms.xero.moments import http_date, since_header

NAME = "Xero"
ACCOUNTING = "/api.xro/2.0/"
NOT_MODIFIED = 304


class Api:
    """One organization's books over HTTP."""

    def __init__(
        self, http: httpx.Client, credentials: Credentials, sleep: Callable[[float], None]
    ) -> None:
        self._http = http
        self._token = credentials.access_token
        self._sleep = sleep
        self._app = str(http.base_url)

    def ask(
        self,
        path: str,
        *,
        tenant: str | None = None,
        params: Mapping[str, str | int] | None = None,
        since: datetime | None = None,
    ) -> Answer:
        """Ask for something of the organization, or with none for what lies outside of any."""
        headers = {"xero-tenant-id": tenant} if tenant else {}
        if since is not None:
            headers["If-Modified-Since"] = since_header(since)
        key = f"{self._app} {tenant}"

        def read(answer: Answer) -> PlatformError | None:
            limits.SHARED.learn(key, self._app, answer.headers)
            return limits.refusal(NAME, answer) or _meant(answer)

        pause(NAME, limits.SHARED.wait(key, self._app), self._sleep)
        return get(
            self._http,
            path,
            platform=NAME,
            token=self._token,
            params=params,
            headers=headers,
            read=read,
            accepted=(httpx.codes.OK, NOT_MODIFIED),
            sleep=self._sleep,
        )

    def ask_for[T](
        self,
        decoder: msgspec.json.Decoder[T],
        path: str,
        *,
        tenant: str | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> T:
        return decode(self.ask(path, tenant=tenant, params=params), decoder, NAME, path)


def told_at(answer: Answer) -> datetime | None:
    """Return the platform's time of an answer, to the second."""
    try:
        return http_date(answer.headers.get("Date", ""))
    except ValueError:
        return None


def _meant(answer: Answer) -> PlatformError | None:
    """Return what Xero means where its statuses mislead.

    A token without the scope gets 401, one whose organization was disconnected gets 403.
    https://developer.xero.com/documentation/api/accounting/responsecodes
    """
    if answer.status == httpx.codes.FORBIDDEN and b"AuthenticationUnsuccessful" in answer.content:
        return AuthorizationRevoked(
            f"The organization is no longer connected at {NAME}.",
            detail="HTTP 403: AuthenticationUnsuccessful",
        )
    challenge = answer.headers.get("WWW-Authenticate", "")
    if answer.status == httpx.codes.UNAUTHORIZED and (
        # Xero spells it without its second i; RFC 6750 with it.
        re.search("insuffici?ent_scope", challenge)
        or b"AuthorizationUnsuccessful" in answer.content
    ):
        return PermissionMissing(
            f"The authorization at {NAME} does not cover this data.",
            detail="HTTP 401: AuthorizationUnsuccessful",
        )
    return None
