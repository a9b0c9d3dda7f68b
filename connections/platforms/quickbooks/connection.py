"""Which company was let in, and giving the authorization back."""

import re
from collections.abc import Mapping

import httpx
import msgspec

from connections.platforms import oauth
from connections.platforms.base import Credentials, PlatformApp, Unexpected
from connections.platforms.quickbooks.api import NAME

_REALM = re.compile(r"[0-9]{1,20}", re.ASCII)


def realm_claimed(callback: Mapping[str, str]) -> str:
    """Return the company that the browser says was chosen; whether it was, only a request tells.

    :raises Unexpected: when it says none.
    """
    realm = callback.get("realmId", "")
    if not _REALM.fullmatch(realm):
        raise Unexpected(f"{NAME} did not say which company it is.", detail="no realmId came back")
    return realm


def revoke(http: httpx.Client, app: PlatformApp, endpoint: str, credentials: Credentials) -> None:
    """End the authorization; a token that ended before is refused with 400, which is as good.

    RFC 7009 has a form here, Intuit JSON.
    https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0#revoke-access
    """
    body = msgspec.json.encode({"token": credentials.refresh_token}).decode()
    answer = oauth.post(
        http,
        app,
        endpoint,
        platform=NAME,
        body=body,
        headers={"Content-Type": "application/json"},
    )
    if answer.status not in {httpx.codes.OK, httpx.codes.BAD_REQUEST}:
        raise oauth.token_error(NAME, answer, asked="")
