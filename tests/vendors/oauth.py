"""OAuth 2.0 as vendors keep it: Basic client authentication, codes used once, rotating tokens."""

import binascii
import secrets
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from urllib.parse import unquote_plus

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.vendors.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Where vendors differ."""

    client_id: str = "vendor-client"
    client_secret: str = field(default="canary+client%secret", repr=False)
    code_lifetime: timedelta = timedelta(minutes=5)
    access_lifetime: timedelta = timedelta(minutes=30)
    refresh_lifetime: timedelta = timedelta(days=60)
    #: The same refresh token comes back until it is this old; nothing means it changes every time.
    rotates_after: timedelta = timedelta()
    #: A token that was replaced still works for so long after that.
    refresh_grace: timedelta = timedelta(minutes=30)
    #: Whether a token that comes back after its grace ends the whole consent.
    reuse_revokes: bool = True
    #: The member of the token answer that tells how long the refresh token lives, if it is told.
    refresh_lifetime_member: str | None = None
    #: Whether the token answer repeats the scope.
    tells_scope: bool = True
    offline_scope: str | None = None
    """The scope without which there is no refresh token; nothing if there always is one."""


@dataclass(slots=True, kw_only=True)
class Consent:
    """One person's agreement and the organizations that it reaches."""

    id: str
    scope: str
    reaches: list[str]
    is_revoked: bool = False
    refreshes: int = 0
    reuses: int = 0


@dataclass(slots=True, kw_only=True)
class _Code:
    consent: Consent
    redirect_uri: str
    challenge: str
    ends_at: datetime
    is_used: bool = False


@dataclass(slots=True, kw_only=True)
class _RefreshToken:
    consent: Consent
    made_at: datetime
    ends_at: datetime
    replaced_at: datetime | None = None


class Refused(Exception):
    """An OAuth error by its code."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.status = status

    def response(self) -> Response:
        body = {"error": self.code, "error_description": str(self)}
        return JSONResponse(body, status_code=self.status)


class OAuthServer:
    """Consents and their tokens in memory; ``token`` and ``revoke`` are endpoints to route to."""

    def __init__(self, clock: Clock, rules: Rules) -> None:
        self.clock = clock
        self.rules = rules
        self.consents: list[Consent] = []
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, tuple[Consent, datetime]] = {}
        self._refresh: dict[str, _RefreshToken] = {}
        self._lock = RLock()

    def allow(
        self, *, scope: str, redirect_uri: str, reaches: list[str], challenge: str = ""
    ) -> str:
        """Record a person's consent; return the code for it."""
        with self._lock:
            consent = Consent(id=f"consent-{len(self.consents)}", scope=scope, reaches=reaches)
            self.consents.append(consent)
            code = f"canary-code-{secrets.token_urlsafe(16)}"
            self._codes[code] = _Code(
                consent=consent,
                redirect_uri=redirect_uri,
                challenge=challenge,
                ends_at=self.clock.now() + self.rules.code_lifetime,
            )
            return code

    def holder(self, access_token: str) -> Consent | None:
        """Return whose token this is while it is good."""
        consent, ends_at = self._access.get(access_token, (None, self.clock.now()))
        if consent is None or consent.is_revoked or ends_at <= self.clock.now():
            return None
        return consent

    def holder_in(self, request: Request) -> Consent | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self.holder(token) if scheme.lower() == "bearer" else None

    def issue(self, consent: Consent) -> dict[str, object]:
        """Return a token answer with fresh tokens."""
        rules, now = self.rules, self.clock.now()
        access = f"canary-access-{secrets.token_urlsafe(16)}"
        with self._lock:
            self._access[access] = (consent, now + rules.access_lifetime)
            answer: dict[str, object] = {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": int(rules.access_lifetime.total_seconds()),
            }
            if rules.tells_scope:
                answer["scope"] = consent.scope
            if rules.offline_scope is None or rules.offline_scope in consent.scope.split():
                token = f"canary-refresh-{secrets.token_urlsafe(16)}"
                self._refresh[token] = _RefreshToken(
                    consent=consent, made_at=now, ends_at=now + rules.refresh_lifetime
                )
                answer |= self._refresh_members(token)
            return answer

    def expire_access(self) -> None:
        """End every access token now; the refresh tokens live on."""
        with self._lock:
            self._access.clear()

    def revoke_consent(self, consent: Consent) -> None:
        consent.is_revoked = True

    async def token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        try:
            self.check_client(request)
            with self._lock:
                answer = self._grant(form)
        except Refused as refused:
            return refused.response()
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def revoke(self, request: Request) -> Response:
        """RFC 7009: 200, also for a token that is not known."""
        form = await request.form()
        try:
            self.check_client(request)
        except Refused as refused:
            return refused.response()
        self.revoke_token(str(form.get("token", "")))
        return Response()

    def revoke_token(self, token: str) -> bool:
        """End the consent that a token stands for; tell whether the token is known."""
        known = self._refresh.get(token)
        if known:
            self.revoke_consent(known.consent)
        return known is not None

    def check_client(self, request: Request) -> None:
        """Check HTTP Basic with both parts form-encoded, as RFC 6749, 2.3.1 has it."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, secret = b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = secret = ""
        known = (self.rules.client_id, self.rules.client_secret)
        if scheme.lower() != "basic" or (unquote_plus(name), unquote_plus(secret)) != known:
            raise Refused("invalid_client", "The client is unknown.", 401)

    def _grant(self, form: dict[str, str]) -> dict[str, object]:
        match form.get("grant_type"):
            case "authorization_code":
                return self._exchange(form)
            case "refresh_token":
                return self._renew(form.get("refresh_token", ""))
        raise Refused("unsupported_grant_type", "The grant type is not supported.")

    def _exchange(self, form: dict[str, str]) -> dict[str, object]:
        code = self._codes.get(form.get("code", ""))
        if code is None or code.ends_at <= self.clock.now():
            raise Refused("invalid_grant", "The code is unknown or expired.")
        if code.is_used:
            self.revoke_consent(code.consent)
            raise Refused("invalid_grant", "The code was used before.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise Refused("invalid_grant", "The redirect URI is another one.")
        verifier = form.get("code_verifier", "")
        if code.challenge and create_s256_code_challenge(verifier) != code.challenge:
            raise Refused("invalid_grant", "The code verifier does not match.")
        code.is_used = True
        return self.issue(code.consent)

    def _renew(self, token: str) -> dict[str, object]:
        known, now = self._refresh.get(token), self.clock.now()
        if known is None or known.consent.is_revoked or known.ends_at <= now:
            raise Refused("invalid_grant", "The refresh token is unknown, expired or revoked.")
        consent = known.consent
        if known.replaced_at is not None:
            consent.reuses += 1
            if now >= known.replaced_at + self.rules.refresh_grace:
                if self.rules.reuse_revokes:
                    self.revoke_consent(consent)
                raise Refused("invalid_grant", "The refresh token was replaced before.")
        consent.refreshes += 1
        answer = self.issue(consent)
        if known.replaced_at is None and now < known.made_at + self.rules.rotates_after:
            self._refresh.pop(str(answer["refresh_token"]))
            return answer | self._refresh_members(token)
        # Kept at the first use: the grace does not grow with every attempt.
        known.replaced_at = known.replaced_at or now
        return answer

    def _refresh_members(self, token: str) -> dict[str, object]:
        members: dict[str, object] = {"refresh_token": token}
        if self.rules.refresh_lifetime_member:
            left = self._refresh[token].ends_at - self.clock.now()
            members[self.rules.refresh_lifetime_member] = round(left.total_seconds())
        return members
