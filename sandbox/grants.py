"""Grants and their tokens: codes used once, refresh tokens rotated, reuse detected, all hashed."""

import hashlib
import secrets
import sqlite3
from base64 import urlsafe_b64encode

import msgspec

from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.database import Database
from sandbox.ledger.moments import SECOND

READ_SCOPE = "accounting.read"
OFFLINE_SCOPE = "offline_access"
_TOKEN_TYPE = "Bearer"  # noqa: S105 - a kind, not a token
SCOPES = {READ_SCOPE, OFFLINE_SCOPE}


class InvalidGrant(Exception):
    """The code or refresh token is wrong, used, expired or revoked."""


class Grant(msgspec.Struct, frozen=True):
    id: str
    business_id: str
    client_id: str
    scope: str
    revoked: bool


class Tokens(msgspec.Struct, frozen=True, omit_defaults=True):
    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: str | None = None
    refresh_token_expires_in: int | None = None

    def __repr__(self) -> str:
        return "Tokens(…)"


class Grants:
    def __init__(self, database: Database, clock: Clock, config: Config) -> None:
        self._database = database
        self._clock = clock
        self._config = config

    def allow(self, *, business_id: str, scope: str, redirect_uri: str, challenge: str) -> str:
        """Record a person's consent; return the authorization code for it."""
        code, now = secrets.token_urlsafe(32), self._clock.now()
        grant_id = f"grt_{secrets.token_hex(8)}"
        with self._database.transaction() as connection:
            connection.execute(
                "insert into grants (id, business_id, client_id, scope, created_at)"
                " values (?, ?, ?, ?, ?)",
                (grant_id, business_id, self._config.client_id, scope, now),
            )
            connection.execute(
                "insert into codes (digest, grant_id, redirect_uri, challenge, expires_at)"
                " values (?, ?, ?, ?, ?)",
                (
                    _digest(code),
                    grant_id,
                    redirect_uri,
                    challenge,
                    now + self._config.code_lifetime * SECOND,
                ),
            )
        return code

    def exchange(self, *, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """:raises InvalidGrant: also revoking the grant when the code was used before"""
        now = self._clock.now()
        with self._database.transaction() as connection:
            found = connection.execute(
                "select * from codes where digest = ?", (_digest(code),)
            ).fetchone()
            if found is None or found["expires_at"] <= now:
                raise InvalidGrant("The code is unknown or expired.")
            reused = found["used_at"] is not None
            if reused:
                _revoke(connection, found["grant_id"], now)
            else:
                if found["redirect_uri"] != redirect_uri:
                    raise InvalidGrant("The redirect URI is not the one that was authorized.")
                if not secrets.compare_digest(found["challenge"], challenge_of(verifier)):
                    raise InvalidGrant("The code verifier does not match.")
                connection.execute(
                    "update codes set used_at = ? where digest = ?", (now, found["digest"])
                )
                return self._issue(connection, found["grant_id"], None, now)
        raise InvalidGrant("The code was used before; what it granted is revoked.")

    def refresh(self, token: str) -> Tokens:
        """:raises InvalidGrant: also revoking the grant when a token replaced before comes back"""
        now = self._clock.now()
        with self._database.transaction() as connection:
            found = connection.execute(
                "select t.*, g.revoked_at from refresh_tokens t join grants g on g.id = t.grant_id"
                " where t.digest = ?",
                (_digest(token),),
            ).fetchone()
            if found is None or found["revoked_at"] is not None or found["expires_at"] <= now:
                raise InvalidGrant("The refresh token is unknown, expired or revoked.")
            grant_id, digest = found["grant_id"], found["digest"]
            if found["used_at"] is None or self._in_grace(connection, found, now):
                counter = "refreshes" if found["used_at"] is None else "reuses"
                # Kept at the first use: the grace does not grow with every attempt.
                connection.execute(
                    "update refresh_tokens set used_at = coalesce(used_at, ?) where digest = ?",
                    (now, digest),
                )
                connection.execute(_COUNT[counter], (grant_id,))
                return self._issue(connection, grant_id, digest, now)
            connection.execute(_COUNT["reuses"], (grant_id,))
            _revoke(connection, grant_id, now)
        raise InvalidGrant("The refresh token was replaced before; the connection is revoked.")

    def holder_of_refresh_token(self, token: str) -> str | None:
        found = self._database.row(
            "select grant_id from refresh_tokens where digest = ?", _digest(token)
        )
        return str(found["grant_id"]) if found else None

    def holder_of_access_token(self, token: str) -> Grant | None:
        """Find whom a token that is still good belongs to; whether that is revoked is on it."""
        found = self._database.row(
            "select g.* from access_tokens t join grants g on g.id = t.grant_id"
            " where t.digest = ? and t.expires_at > ?",
            _digest(token),
            self._clock.now(),
        )
        return _grant(found) if found else None

    def revoke_token(self, token: str) -> None:
        """Revoke the whole grant of either kind of token; an unknown token is no error."""
        digest = _digest(token)
        found = self._database.row(
            "select grant_id from refresh_tokens where digest = ?"
            " union select grant_id from access_tokens where digest = ?",
            digest,
            digest,
        )
        if found is not None:
            self.revoke(found["grant_id"])

    def revoke(self, grant_id: str) -> bool:
        now = self._clock.now()
        with self._database.transaction() as connection:
            _revoke(connection, grant_id, now)
        return self._database.row("select 1 from grants where id = ?", grant_id) is not None

    def every(self) -> list[sqlite3.Row]:
        return self._database.rows("select * from grants order by created_at, id")

    def _in_grace(self, connection: sqlite3.Connection, used: sqlite3.Row, now: int) -> bool:
        """Accept the token before the newest again, while nobody has used what replaced it."""
        if now >= used["used_at"] + self._config.refresh_grace * SECOND:
            return False
        successor_used = connection.execute(
            "select 1 from refresh_tokens where parent = ? and used_at is not null",
            (used["digest"],),
        ).fetchone()
        return successor_used is None

    def _issue(
        self, connection: sqlite3.Connection, grant_id: str, parent: str | None, now: int
    ) -> Tokens:
        scope = connection.execute(
            "select scope from grants where id = ? and revoked_at is null", (grant_id,)
        ).fetchone()
        if scope is None:
            raise InvalidGrant("The grant is revoked.")
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        connection.execute("delete from access_tokens where expires_at <= ?", (now,))
        connection.execute(
            "insert into access_tokens values (?, ?, ?)",
            (_digest(access), grant_id, now + self._config.access_lifetime * SECOND),
        )
        offline = OFFLINE_SCOPE in scope["scope"].split()
        if offline:
            connection.execute(
                "insert into refresh_tokens (digest, grant_id, parent, expires_at)"
                " values (?, ?, ?, ?)",
                (
                    _digest(refresh),
                    grant_id,
                    parent,
                    now + self._config.refresh_lifetime * SECOND,
                ),
            )
        return Tokens(
            access_token=access,
            token_type=_TOKEN_TYPE,
            expires_in=self._config.access_lifetime,
            scope=scope["scope"],
            refresh_token=refresh if offline else None,
            refresh_token_expires_in=self._config.refresh_lifetime if offline else None,
        )


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


_COUNT = {
    "refreshes": "update grants set refreshes = refreshes + 1 where id = ?",
    "reuses": "update grants set reuses = reuses + 1 where id = ?",
}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _revoke(connection: sqlite3.Connection, grant_id: str, now: int) -> None:
    connection.execute(
        "update grants set revoked_at = coalesce(revoked_at, ?) where id = ?", (now, grant_id)
    )


def _grant(row: sqlite3.Row) -> Grant:
    return Grant(
        row["id"], row["business_id"], row["client_id"], row["scope"], row["revoked_at"] is not None
    )
