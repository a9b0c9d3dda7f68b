"""A trip to a platform's consent page and back: authorization code with PKCE.

The state is the trip's only name. It is kept as a digest, is good once, for ten minutes, in the
browser that left, for the connection and platform it left for. Where one consent reaches several
accounting organizations, what was granted is kept, encrypted, until the customer has chosen one.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from companies import data_keys, tenancy
from companies.data_keys import SealedColumn
from connections.gates import gate_to
from connections.models import AuthorizationAttempt, Connection, LinkUrl
from connections.platforms import get_platform
from connections.platforms.base import (
    Credentials,
    Identity,
    OAuthPlatform,
    PermissionMissing,
    PlatformApp,
    PlatformError,
    Unreadable,
)
from connections.platforms.gates import gated
from connections.registration import http_client, platform_app, redirect_uri
from connections.revocation import give_back
from connections.words import gettext_noop
from portal.crypto import Undecryptable

_VALID_FOR = timedelta(minutes=10)
#: What was granted is kept so long for the customer to choose an organization.
_CHOICE_FOR = timedelta(hours=1)
_SECRET_BYTES = 32
_VERIFIER_BYTES = 64


class NotOurs(Exception):
    """The browser came back with a state that does not fit: foreign, used, or too old."""


class Choice(Exception):
    """The consent reaches several accounting organizations: the customer has to say which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a customer gave us: credentials and whose books they open. Not stored yet."""

    organization_id: UUID
    connection_id: UUID
    credentials: Credentials
    identity: Identity


def new_browser() -> str:
    """Return a name for a browser, to be kept in a cookie there."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def begin_authorization(connection: Connection, *, link_url: LinkUrl, browser: str) -> str:
    """Return the address of the platform's consent page for this browser.

    :raises KeyError: when the platform has none.
    """
    platform = _oauth_platform(connection.platform)
    state = secrets.token_urlsafe(_SECRET_BYTES)
    code_verifier = secrets.token_urlsafe(_VERIFIER_BYTES)
    with tenancy.entered(connection.organization_id):
        _forget_choices(connection)
        attempt = AuthorizationAttempt(
            organization_id=connection.organization_id,
            connection=connection,
            link_url=link_url,
            platform=connection.platform,
            state_hash=digest(state),
            browser_hash=digest(browser),
            expires_at=timezone.now() + _VALID_FOR,
        )
        attempt.code_verifier = _seal(attempt, "code_verifier", code_verifier)
        attempt.save(force_insert=True)
    return platform.authorize_url(
        platform_app(connection.organization_id, connection.platform),
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
            state_hash=digest(state), platform=platform
        ).first()
    if attempt is None or not is_from(attempt, browser):
        raise NotOurs
    return attempt


def is_from(attempt: AuthorizationAttempt, browser: str) -> bool:
    """Tell whether this is the browser that left."""
    return hmac.compare_digest(bytes(attempt.browser_hash), digest(browser))


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


def redeem(
    attempt: AuthorizationAttempt, *, code: str, callback: Mapping[str, str]
) -> Authorization:
    """Trade the code for credentials, and ask with these whose books they open.

    :raises PlatformError: when the platform gives none, or does not say whose they are.
    :raises Choice: when they open several, and none of these is the one linked before.
    """
    platform = _oauth_platform(attempt.platform)
    app = platform_app(attempt.organization_id, attempt.platform)
    try:
        code_verifier = _open(attempt, "code_verifier", attempt.code_verifier)
    except Undecryptable as error:
        raise Unreadable(
            gettext_noop("What was kept of this authorization cannot be decrypted. Start again."),
            detail=str(error),
        ) from error
    http = http_client(attempt.platform, app)
    credentials = platform.exchange(
        http,
        app,
        code=code,
        redirect_uri=redirect_uri(attempt.platform),
        code_verifier=code_verifier,
        callback=callback,
    )
    opened = platform(http, credentials)
    try:
        with _gated(attempt, platform, app, credentials):
            # What the address says about the business proves nothing: the token does.
            organizations = opened.organizations()
            chosen = _only_one(attempt, organizations)
            if chosen is not None:
                return _authorization(attempt, opened.choose(chosen), chosen)
    except PlatformError:
        give_back(attempt.organization_id, attempt.platform, credentials)
        raise
    _ask_which(attempt, credentials, organizations)
    raise Choice


def choose(attempt: AuthorizationAttempt, organization_id: str) -> Authorization:
    """Return what was granted, for the organization that the customer chose; good once.

    :raises NotOurs: when there is nothing (any more) to choose from, or not that.
    """
    with tenancy.entered(attempt.organization_id):
        row = AuthorizationAttempt.objects.select_for_update().filter(
            pk=attempt.pk,
            granted__isnull=False,
            used_at__gt=timezone.now() - _CHOICE_FOR,
            link_url__revoked_at=None,
        )
        found = row.first()
        names = {} if found is None else {each["id"]: each["name"] for each in found.organizations}
        if found is None or found.granted is None or organization_id not in names:
            raise NotOurs
        try:
            credentials = _CREDENTIALS.decode(_open(found, "granted", found.granted))
        except Undecryptable as error:
            raise NotOurs from error
        row.update(granted=None, organizations=[])
    identity = Identity(id=organization_id, name=names[organization_id])
    platform = _oauth_platform(attempt.platform)
    app = platform_app(attempt.organization_id, attempt.platform)
    opened = platform(http_client(attempt.platform, app, credentials), credentials)
    with _gated(attempt, platform, app, credentials):
        return _authorization(attempt, opened.choose(identity), identity)


def _gated(
    attempt: AuthorizationAttempt,
    platform: type[OAuthPlatform],
    app: PlatformApp,
    credentials: Credentials,
) -> AbstractContextManager[None]:
    """Count what is asked while linking with what is pulled a moment later."""
    owner, otherwise = attempt.organization_id, str(attempt.connection_id)
    return gated(gate_to(platform, app, credentials, owner=owner, otherwise=otherwise))


def _only_one(attempt: AuthorizationAttempt, organizations: Sequence[Identity]) -> Identity | None:
    """Return the organization that need not be asked for: the only one, or the one linked before.

    :raises PermissionMissing: when there is none at all.
    """
    if not organizations:
        raise PermissionMissing("Access was allowed to no business.")
    if len(organizations) == 1:
        return organizations[0]
    with tenancy.entered(attempt.organization_id):
        linked_before = (
            Connection.objects.within(attempt.organization_id)
            .filter(pk=attempt.connection_id)
            .values_list("platform_company_id", flat=True)
            .first()
        )
    return next((each for each in organizations if each.id == linked_before), None)


def _ask_which(
    attempt: AuthorizationAttempt, credentials: Credentials, organizations: Sequence[Identity]
) -> None:
    with tenancy.entered(attempt.organization_id):
        granted = _seal(attempt, "granted", msgspec.json.encode(credentials).decode())
        AuthorizationAttempt.objects.filter(pk=attempt.pk).update(
            outcome=AuthorizationAttempt.Outcome.CHOOSING,
            granted=granted,
            organizations=[{"id": each.id, "name": each.name} for each in organizations],
        )


def _forget_choices(connection: Connection) -> None:
    """Drop what was granted and never chosen from: whoever leaves again has given it up."""
    AuthorizationAttempt.objects.within(connection.organization_id).filter(
        Q(connection=connection) | Q(used_at__lt=timezone.now() - _CHOICE_FOR),
        granted__isnull=False,
    ).update(granted=None, organizations=[])


def _authorization(
    attempt: AuthorizationAttempt, credentials: Credentials, identity: Identity
) -> Authorization:
    return Authorization(
        organization_id=attempt.organization_id,
        connection_id=attempt.connection_id,
        credentials=credentials,
        identity=identity,
    )


def _oauth_platform(key: str) -> type[OAuthPlatform]:
    platform = get_platform(key)
    if not issubclass(platform, OAuthPlatform):
        raise KeyError(key)
    return platform


_CREDENTIALS = msgspec.json.Decoder(Credentials)


def digest(secret: str) -> bytes:
    """Return what is kept of a state or of a browser's name."""
    return hashlib.sha256(secret.encode()).digest()


def opened_secrets(attempt: AuthorizationAttempt) -> list[str]:
    """Open what an attempt keeps sealed.

    :raises Undecryptable: when it was altered, or its key is gone.
    """
    found = [_open(attempt, "code_verifier", attempt.code_verifier)]
    if attempt.granted is not None:
        found.append(_open(attempt, "granted", attempt.granted))
    return found


def _seal(attempt: AuthorizationAttempt, field: str, plaintext: str) -> bytes:
    context = _context(attempt, field)
    return data_keys.seal(attempt.organization_id, plaintext, context=context)


def _open(attempt: AuthorizationAttempt, field: str, ciphertext: Any) -> str:
    context = _context(attempt, field)
    return data_keys.unseal(attempt.organization_id, ciphertext, context=context)


def _context(attempt: AuthorizationAttempt, field: str) -> str:
    return f"attempt|{field}|{attempt.organization_id}|{attempt.connection_id}"


SEALED = (
    SealedColumn(
        model=AuthorizationAttempt,
        name="code_verifier",
        context=lambda row: _context(row, "code_verifier"),
    ),
    SealedColumn(
        model=AuthorizationAttempt, name="granted", context=lambda row: _context(row, "granted")
    ),
)
