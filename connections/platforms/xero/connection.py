"""Giving a connection back: one consent may reach several organizations of the same person."""

from collections.abc import Callable
from contextlib import suppress

import httpx
import msgspec

from connections.platforms.base import AuthorizationRevoked, Credentials, PlatformError, Unreachable
from connections.platforms.http import Answer, error_for
from connections.platforms.xero import wire
from connections.platforms.xero.api import NAME, Api

CONNECTIONS = "/connections"
TENANT, CONNECTION = "tenant_id", "connection_id"

_CONNECTIONS = msgspec.json.Decoder(tuple[wire.Connection, ...])


def organizations(api: Api) -> tuple[wire.Connection, ...]:
    """Return the connections to organizations; a practice has no books of its own."""
    found = api.ask_for(_CONNECTIONS, CONNECTIONS)
    return tuple(each for each in found if each.tenant_type == "ORGANISATION")


def disconnect(
    http: httpx.Client, credentials: Credentials, refresh: Callable[[], Credentials]
) -> Credentials | None:
    """Disconnect the organization; return credentials if they lead nowhere now, to be revoked.

    Revoking a token ends all connections of the person to the app, so that the other organizations
    would be lost with this one. https://github.com/XeroAPI/xero-node/releases/tag/4.10.1
    """
    with suppress(AuthorizationRevoked):
        try:
            _delete(http, credentials)
        except AuthorizationRevoked:
            credentials = refresh()
            _delete(http, credentials)
        if not organizations(Api(http, credentials, _no_pause)):
            return credentials
    return None


def _delete(http: httpx.Client, credentials: Credentials) -> None:
    path = f"{CONNECTIONS}/{credentials.parameters[CONNECTION]}"
    headers = {"Authorization": f"Bearer {credentials.access_token}"}
    try:
        response = http.delete(path, headers=headers)
    except httpx.RequestError as error:
        # Without the cause: it may quote our request.
        raise Unreachable(f"{NAME} could not be reached.", detail=type(error).__name__) from None
    if response.status_code not in {httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND}:
        raise _error(response, credentials)


def _error(response: httpx.Response, credentials: Credentials) -> PlatformError:
    answer = Answer(response.status_code, response.headers, response.content)
    return error_for(NAME, answer, secret=credentials.access_token)


def _no_pause(_seconds: float) -> None:
    """Ask on at once: whoever unlinks is waiting."""
