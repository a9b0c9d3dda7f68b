"""A trip to a platform's consent page and back: authorization code with PKCE.

The state is the trip's only name. It is kept as a digest, is good once, for ten minutes, in the
browser that left, for the connection and platform it left for.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.db.models.functions import Now
from django.utils import timezone

from companies import tenancy
from connections.models import AuthorizationAttempt, Connection, LinkUrl
from connections.platforms import get_platform
from connections.platforms.base import Credentials, Identity, PlatformError
from connections.registration import http_client, platform_app, redirect_uri
from connections.revocation import give_back
from portal.crypto import key_ring

_VALID_FOR = timedelta(minutes=10)
_SECRET_BYTES = 32
_VERIFIER_BYTES = 64


class NotOurs(Exception):
    """The browser came back with a state that does not fit: foreign, used, or too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a customer's consent gave: not stored yet."""

    attempt: AuthorizationAttempt
    credentials: Credentials
    identity: Identity


def new_browser() -> str:
    """Return a name for a browser, to be kept in a cookie there."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def begin_authorization(connection: Connection, *, link_url: LinkUrl, browser: str) -> str:
    """Return the address of the platform's consent page for this browser."""
    state = secrets.token_urlsafe(_SECRET_BYTES)
    code_verifier = secrets.token_urlsafe(_VERIFIER_BYTES)
    context = _context(connection.organization_id, connection.pk)
    with tenancy.entered(connection.organization_id):
        AuthorizationAttempt.objects.create(
            organization_id=connection.organization_id,
            connection=connection,
            link_url=link_url,
            platform=connection.platform,
            state_hash=_digest(state),
            browser_hash=_digest(browser),
            code_verifier=key_ring().encrypt(code_verifier, context=context),
            expires_at=timezone.now() + _VALID_FOR,
        )
    return get_platform(connection.platform).authorize_url(
        platform_app(connection.platform),
        state=state,
        redirect_uri=redirect_uri(connection.platform),
        code_challenge=create_s256_code_challenge(code_verifier),
    )


def find_attempt(*, platform: str, state: str, browser: str) -> AuthorizationAttempt:
    """Return the trip the browser comes back from.

    :raises NotOurs: when this browser did not leave for this platform with this state.
    """
    with tenancy.system():
        attempt = AuthorizationAttempt.objects.filter(
            state_hash=_digest(state), platform=platform
        ).first()
    if attempt is None or not hmac.compare_digest(bytes(attempt.browser_hash), _digest(browser)):
        raise NotOurs
    return attempt


def claim(attempt: AuthorizationAttempt) -> bool:
    """Use the state up; answer whether this call did: the browser may ask for the same twice.

    :raises NotOurs: when it is too old, or its Link URL was revoked meanwhile.
    """
    with tenancy.entered(attempt.organization_id):
        same = AuthorizationAttempt.objects.filter(pk=attempt.pk)
        claimed = same.filter(
            used_at=None, expires_at__gt=timezone.now(), link_url__revoked_at=None
        ).update(used_at=Now())
        if not claimed and not same.filter(used_at__isnull=False).exists():
            raise NotOurs
    return bool(claimed)


def redeem(attempt: AuthorizationAttempt, *, code: str) -> Authorization:
    """Trade the code for credentials, and ask with these whose books they open.

    :raises PlatformError: when the platform gives none, or does not say whose they are.
    """
    platform = get_platform(attempt.platform)
    http = http_client(attempt.platform)
    context = _context(attempt.organization_id, attempt.connection_id)
    credentials = platform.exchange(
        http,
        platform_app(attempt.platform),
        code=code,
        redirect_uri=redirect_uri(attempt.platform),
        code_verifier=key_ring().decrypt(bytes(attempt.code_verifier), context=context),
    )
    try:
        # What the address says about the business proves nothing: the token does.
        identity = platform(http, credentials).identity()
    except PlatformError:
        give_back(attempt.platform, credentials)
        raise
    return Authorization(attempt=attempt, credentials=credentials, identity=identity)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _context(organization_id: UUID, connection_id: UUID) -> str:
    return f"attempt|code_verifier|{organization_id}|{connection_id}"
