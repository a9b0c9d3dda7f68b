"""Credentials at rest: sealed for their row, field and organization, opened only to be used."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import F
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils import timezone

from companies import data_keys, tenancy
from companies.data_keys import SealedColumn
from connections.models import Connection, StoredCredentials
from connections.platforms.base import AuthorizationRevoked, Credentials
from portal.crypto import Undecryptable

_SOON = timedelta(minutes=5)
_SHARE_OF_LIFE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Credentials as they were read, and which version of them that was."""

    credentials: Credentials
    version: int
    is_due: bool


class Read(NamedTuple):
    """A row, and when it was read by the database's clock."""

    row: StoredCredentials
    at: datetime


def load(connection: Connection, *, for_update: bool = False) -> Stored:
    """Read what is stored now; in a transaction that replaces it, `for_update`.

    :raises AuthorizationRevoked: when nothing is: the connection is not linked.
    :raises Undecryptable: when they were altered, or their key is gone.
    """
    with tenancy.entered(connection.organization_id):
        mine = StoredCredentials.objects.within(connection.organization_id)
        rows = mine.annotate(now=Now())
        if for_update:
            rows = rows.select_for_update()
        row = rows.filter(connection_id=connection.pk).first()
        if row is None:
            raise AuthorizationRevoked(f"{connection.platform_name} is not linked.")
        return _stored(row, row.now)


def as_read(read: Read | None) -> Stored | None:
    """Open what was read a moment ago; None when nothing was or it cannot be opened.

    Others may have renewed it since: whoever is refused with it reads what is stored now.
    """
    try:
        return None if read is None else _stored(read.row, read.at)
    except Undecryptable:
        return None


def _stored(row: StoredCredentials, now: datetime) -> Stored:
    return Stored(credentials=opened(row), version=row.version, is_due=_is_due(row, now))


def store(connection: Connection, credentials: Credentials) -> None:
    """Keep what a new authorization gave, in place of what an earlier one did."""
    fields = sealed(connection, credentials) | {
        "previous_refresh_token": None,
        "lease_until": None,
        "lease_owner": "",
        "intent_at": None,
        "warned_of": None,
        "warned_days": None,
    }
    mine = StoredCredentials.objects.filter(connection_id=connection.pk)
    # Whoever is refreshing the old ones finds another version and lets go.
    if not mine.update(**fields, version=F("version") + 1):
        StoredCredentials.objects.create(
            connection=connection, organization_id=connection.organization_id, **fields
        )


def sealed(connection: Connection, credentials: Credentials) -> dict[str, Any]:
    """Return the columns that hold the credentials; call it in the transaction that stores them."""
    return {
        "access_token": _seal(connection, "access_token", credentials.access_token),
        "refresh_token": _seal(connection, "refresh_token", credentials.refresh_token),
        "parameters": _seal(connection, "parameters", json.dumps(dict(credentials.parameters)))
        if credentials.parameters
        else b"",
        "scope": credentials.scope[:400],
        "expires_at": _by_database(credentials.expires_at),
        "refresh_expires_at": _by_database(credentials.refresh_expires_at),
        "refreshed_at": Now(),
    }


def opened(row: StoredCredentials) -> Credentials:
    return Credentials(
        access_token=_open(row, "access_token", row.access_token),
        refresh_token=_open(row, "refresh_token", row.refresh_token),
        expires_at=row.expires_at,
        refresh_expires_at=row.refresh_expires_at,
        scope=row.scope,
        parameters=json.loads(_open(row, "parameters", row.parameters)) if row.parameters else {},
    )


def previous_refresh_token(row: StoredCredentials) -> str | None:
    """Return the refresh token before this one, which stayed in its column's own seal."""
    if row.previous_refresh_token is None:
        return None
    return _open(row, "refresh_token", row.previous_refresh_token)


def _by_database(moment: datetime | None) -> CombinedExpression | None:
    """Tell a moment of this process's clock by the database's, which may be hours from it.

    Otherwise a worker whose clock is wrong would keep every other one renewing its tokens.
    """
    return None if moment is None else Now() + (moment - timezone.now())


def _is_due(row: StoredCredentials, now: datetime) -> bool:
    if row.expires_at is None:
        return False
    life = row.expires_at - row.refreshed_at
    ahead = max(_SOON, life * _SHARE_OF_LIFE)
    # A platform whose tokens live for minutes would otherwise be asked at every use.
    return row.expires_at < now + min(ahead, life / 2)


def _column(name: str, field: str) -> SealedColumn:
    return SealedColumn(
        model=StoredCredentials,
        name=name,
        context=lambda row: _context(field, row.organization_id, row.connection_id),
    )


def _seal(connection: Connection, field: str, plaintext: str) -> bytes:
    context = _context(field, connection.organization_id, connection.pk)
    return data_keys.seal(connection.organization_id, plaintext, context=context)


def _open(row: StoredCredentials, field: str, ciphertext: bytes | memoryview) -> str:
    context = _context(field, row.organization_id, row.connection_id)
    return data_keys.unseal(row.organization_id, ciphertext, context=context)


def _context(field: str, organization_id: object, connection_id: object) -> str:
    return f"credentials|{field}|{organization_id}|{connection_id}"


SEALED = (
    _column("access_token", "access_token"),
    _column("refresh_token", "refresh_token"),
    _column("previous_refresh_token", "refresh_token"),  # as it was sealed when it was current
    _column("parameters", "parameters"),
)
