"""OAuth 2.0 for adapters: authorization code with PKCE, refresh and revocation.

Built on authlib's RFC modules. Its httpx client is a client of its own, with its own pool and
without our bounds, and warns that it is leaving httpx.
"""

import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import parse_qsl, quote_plus

import httpx
import msgspec
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7009 import prepare_revoke_token_request
from msgspec import Meta

from connections.platforms.base import (
    AuthorizationRevoked,
    Credentials,
    PlatformApp,
    PlatformError,
    Unexpected,
)
from connections.platforms.http import Answer, error_for, post_form
from connections.words import gettext_noop

# Whoever refreshes holds a lease on the tokens: the answer must come before the lease ends.
TOKEN_SECONDS = 10.0


def authorize_url(
    endpoint: str,
    app: PlatformApp,
    *,
    scope: str,
    state: str,
    redirect_uri: str,
    code_challenge: str | None,
) -> str:
    """Return the consent page's address, with a PKCE challenge where the platform knows these."""
    challenge = {"code_challenge": code_challenge, "code_challenge_method": "S256"}
    return str(
        prepare_grant_uri(
            endpoint,
            client_id=app.client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope=scope,
            state=state,
            **(challenge if code_challenge else {}),
        )
    )


def exchange(
    http: httpx.Client,
    app: PlatformApp,
    endpoint: str,
    *,
    platform: str,
    code: str,
    redirect_uri: str,
    code_verifier: str | None,
) -> Credentials:
    """Trade a code for credentials.

    :raises AuthorizationRevoked: when the code is spent, expired or not ours.
    """
    verifier = {"code_verifier": code_verifier} if code_verifier else {}
    body = prepare_token_request(
        "authorization_code", code=code, redirect_uri=redirect_uri, **verifier
    )
    credentials = _request_token(http, app, endpoint, platform=platform, body=body)
    if not credentials.refresh_token:
        raise Unexpected(
            gettext_noop("%(platform)s did not grant lasting access."),
            {"platform": platform},
            detail="no refresh_token in the answer",
        )
    return credentials


def check_registration(
    http: httpx.Client, app: PlatformApp, endpoint: str, *, platform: str
) -> None:
    """Offer a refresh token that nobody has: only to a client it knows does a server say so.

    :raises Unexpected: when our client id or secret is wrong.
    """
    body = prepare_token_request("refresh_token", refresh_token=secrets.token_urlsafe(32))
    with suppress(AuthorizationRevoked):
        _request_token(http, app, endpoint, platform=platform, body=body)


def refresh(
    http: httpx.Client,
    app: PlatformApp,
    endpoint: str,
    *,
    platform: str,
    credentials: Credentials,
) -> Credentials:
    """Trade a refresh token, in a single attempt.

    :raises AuthorizationRevoked: when the customer must authorize again.
    """
    body = prepare_token_request("refresh_token", refresh_token=credentials.refresh_token)
    fresh = _request_token(http, app, endpoint, platform=platform, body=body)
    # RFC 6749 §6: without a new refresh token the old one stays valid; likewise the scope.
    return replace(
        fresh,
        refresh_token=fresh.refresh_token or credentials.refresh_token,
        scope=fresh.scope or credentials.scope,
        parameters=credentials.parameters,
    )


def revoke(
    http: httpx.Client,
    app: PlatformApp,
    endpoint: str,
    *,
    platform: str,
    credentials: Credentials,
) -> None:
    """Give an authorization back; RFC 7009 answers 200 for one that is gone already."""
    body, headers = prepare_revoke_token_request(credentials.refresh_token, "refresh_token")
    answer = post(http, app, endpoint, platform=platform, body=body, headers=headers)
    if answer.status != httpx.codes.OK:
        error = token_error(platform, answer, asked=body)
        if not isinstance(error, AuthorizationRevoked):
            raise error


type _TokenText = Annotated[str, Meta(pattern=r"^[\x21-\x7e]+\Z", max_length=8192)]
type _Seconds = Annotated[int, Meta(ge=1, le=10**9)]


class _TokenAnswer(msgspec.Struct):
    access_token: _TokenText
    token_type: str
    expires_in: _Seconds
    refresh_token: _TokenText | None = None
    refresh_token_expires_in: _Seconds | None = None
    #: As Intuit names it, with the X- of old; the lifetime of a refresh token is in no standard.
    x_refresh_token_expires_in: _Seconds | None = None
    scope: str | None = None


class _ErrorAnswer(msgspec.Struct):
    error: str
    error_description: str | None = None


_TOKEN = msgspec.json.Decoder(_TokenAnswer)
_ERROR = msgspec.json.Decoder(_ErrorAnswer)


def _request_token(
    http: httpx.Client, app: PlatformApp, endpoint: str, *, platform: str, body: str
) -> Credentials:
    # Lifetimes count from before the request: a slow answer must not lengthen them.
    asked_at = datetime.now(UTC)
    answer = post(http, app, endpoint, platform=platform, body=body, headers={})
    if answer.status != httpx.codes.OK:
        raise token_error(platform, answer, asked=body)
    try:
        token = _TOKEN.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unexpected(
            gettext_noop("%(platform)s gave an answer we do not understand."),
            {"platform": platform},
            detail=f"token answer of {len(answer.content)} bytes: {error}",
        ) from error
    if token.token_type.lower() != "bearer":
        raise Unexpected(
            gettext_noop("%(platform)s gave an answer we do not understand."),
            {"platform": platform},
            detail=f"token_type {token.token_type!r}",
        )
    lifetime = token.refresh_token_expires_in or token.x_refresh_token_expires_in
    return Credentials(
        access_token=token.access_token,
        refresh_token=token.refresh_token or "",
        expires_at=asked_at + timedelta(seconds=token.expires_in),
        refresh_expires_at=asked_at + timedelta(seconds=lifetime) if lifetime else None,
        scope=token.scope or "",
    )


def post(
    http: httpx.Client,
    app: PlatformApp,
    endpoint: str,
    *,
    platform: str,
    body: str,
    headers: dict[str, str],
) -> Answer:
    """Send a body under our client id and secret, once."""
    # RFC 6749 §2.3.1 has both parts form-encoded before they are joined; authlib only joins.
    auth = ClientAuth(
        quote_plus(app.client_id), quote_plus(app.client_secret), "client_secret_basic"
    )
    url, signed, form = auth.prepare("POST", endpoint, headers, body)
    return post_form(
        http, url, platform=platform, body=form, headers=signed, total_seconds=TOKEN_SECONDS
    )


def token_error(platform: str, answer: Answer, *, asked: str) -> PlatformError:
    """Return what a refused token request means: only ``invalid_grant`` concerns the customer.

    What is not in the standard's form is withheld, since it may repeat what was asked.
    """
    withheld = f"{len(answer.content)} bytes, withheld".encode()
    by_status = error_for(platform, Answer(answer.status, answer.headers, withheld))
    if answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return by_status
    try:
        refusal = _ERROR.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        refusal = None
    if refusal and refusal.error == "invalid_grant":
        return AuthorizationRevoked(
            gettext_noop("The authorization at %(platform)s has ended."),
            {"platform": platform},
            detail=_without(asked, f"invalid_grant: {refusal.error_description or ''}"),
        )
    if isinstance(by_status, AuthorizationRevoked) or refusal:
        # invalid_client and its like: our registration is at fault, not the customer's consent.
        code = refusal.error if refusal else f"HTTP {answer.status}"
        if answer.status != httpx.codes.TOO_MANY_REQUESTS:
            return Unexpected(
                gettext_noop("%(platform)s refused our registration."),
                {"platform": platform},
                detail=_without(asked, code),
            )
    return by_status


def _without(asked: str, words: str) -> str:
    """Strike the codes and tokens that were asked with out of what the platform says of them."""
    for name, value in parse_qsl(asked):
        if name in {"code", "code_verifier", "refresh_token", "token"}:
            words = words.replace(value, "…")
    return words
