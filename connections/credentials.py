"""Fresh credentials for whoever needs them, refreshed by one at a time.

Platforms rotate refresh tokens and take the second use of one for theft, so:

1. a refresh is due shortly before expiry, or after a 401;
2. one racer takes the lease, by compare-and-set on version and lease; the others wait and re-read;
3. the intent is written before the platform is asked, and asked it is outside any transaction;
4. the answer is committed before anybody uses it, and the token before it is kept;
5. an intent found standing means that an answer was lost: the next holder offers the current token
   and then the one before;
6. only `invalid_grant`, or a 401 on credentials that are brand-new, ends the authorization; an
   outage or a fault of ours never does, nor does anything said of credentials since replaced.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from uuid import uuid4

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Now

import chaos
from companies import data_keys, tenancy
from companies.models import TenantQuerySet
from connections import sealing
from connections.gates import gate_before
from connections.lifecycle import deauthorize, report_unreadable
from connections.models import Connection, StoredCredentials
from connections.platforms import get_platform
from connections.platforms.base import (
    AuthorizationRevoked,
    Credentials,
    Platform,
    Supplement,
    Unreachable,
    Unreadable,
)
from connections.platforms.gates import gated
from connections.registration import http_client, platform_app
from connections.revocation import give_back
from connections.schemas import DataType
from connections.words import gettext_noop
from portal import metrics, processes
from portal.crypto import Undecryptable

logger = logging.getLogger(__name__)

# Longer than the slowest answer: 5 s to connect, 10 s to its first byte, 10 s to its last.
_LEASE = timedelta(seconds=30)
_WAIT_SECONDS = 15.0
_LOOK_AGAIN_SECONDS = 0.1


@contextmanager
def open_platform(
    connection: Connection,
    *,
    sleep: Callable[[float], None] = time.sleep,
    supplements: Mapping[DataType, Supplement] = MappingProxyType({}),
    read: sealing.Read | None = None,
) -> Iterator[Platform]:
    """Open the connection's platform with credentials that are good for a while.

    ``supplements`` are what records shall carry beside ours; ``read`` is what was stored a moment
    ago, for whoever has read it already. Call it outside transactions. After a 401 on data go on
    with ``platform.credentials = renew_after_401(connection, platform.credentials)``, once.

    :raises AuthorizationRevoked: when the connection is not linked (any more).
    :raises Unreadable: when they cannot be decrypted, which is then on record.
    :raises PlatformError: when the platform could not be asked for fresh ones.
    """
    with _in_words(connection):
        stored = sealing.as_read(read) or sealing.load(connection)
        app = platform_app(connection.organization_id, connection.platform)
    with gated(gate_before(connection, app, stored.credentials)):
        if stored.is_due:
            chaos.point("token.due")
            with _in_words(connection):
                stored = _renewed(connection, seen_version=stored.version)
        http = http_client(connection.platform, app, stored.credentials)
        platform = get_platform(connection.platform)
        yield platform(http, stored.credentials, sleep=sleep, supplements=supplements)


def renew_after_401(connection: Connection, seen: Credentials) -> Credentials:
    """Return credentials other than those the platform refused.

    :raises AuthorizationRevoked: when the customer must authorize again.
    :raises Unreadable: when they cannot be decrypted, which is then on record.
    """
    with _in_words(connection):
        stored = sealing.load(connection)
        if stored.credentials.access_token == seen.access_token:
            stored = _renewed(connection, seen_version=stored.version)
    return stored.credentials


def keep_alive(connection: Connection, *, seen_version: int) -> bool:
    """Renew credentials that were not used for long, unless others have; answer whether we did.

    :raises AuthorizationRevoked: when the customer must authorize again, which is then on record.
    :raises PlatformError: when the platform could not be asked, or what is stored not be read.
    """
    with _in_words(connection):
        stored = sealing.load(connection)
        if stored.version != seen_version or not stored.credentials.refresh_token:
            return False
        return _renewed(connection, seen_version=seen_version).version == seen_version + 1


def give_up(connection: Connection, refused: Credentials | None, *, reason: str) -> None:
    """Deauthorize when the platform refused what is stored, or when nothing is.

    When others are stored by now, those it refused say nothing about them.
    """
    with tenancy.entered(connection.organization_id):
        _lock(connection)
        stored = (
            StoredCredentials.objects.within(connection.organization_id)
            .select_for_update()
            .filter(connection_id=connection.pk)
            .first()
        )
        if stored is None or (refused is not None and _is(stored, refused)):
            deauthorize(connection, reason=reason)


def _is(stored: StoredCredentials, credentials: Credentials) -> bool:
    try:
        return sealing.opened(stored).access_token == credentials.access_token
    except Undecryptable:  # whoever opens them next says so
        return False


@contextmanager
def _in_words(connection: Connection) -> Iterator[None]:
    """Say on the connection that what is stored cannot be decrypted: nobody else would see it.

    :raises Unreadable: instead of `Undecryptable`.
    """
    try:
        yield
    except Undecryptable as error:
        unreadable = Unreadable(
            gettext_noop(
                "The stored credentials for %(platform)s cannot be decrypted: their key is gone, "
                "or they were altered. Put the key back, or have the customer authorize again "
                "through the Link URL."
            ),
            {"platform": connection.platform_name},
            detail=str(error),
        )
        _alarm(connection, unreadable)
        raise unreadable from error
    except Unreadable as error:
        _alarm(connection, error)
        raise


def _alarm(connection: Connection, error: Unreadable) -> None:
    logger.error("credentials of connection %s: %s", connection.pk, error.detail)
    report_unreadable(connection, message=error.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lease:
    """The right to ask the platform, for a while."""

    owner: str
    version: int
    current: Credentials
    #: What to offer after the current token is refused, when an earlier answer was lost.
    previous_refresh_token: str | None


def _renewed(connection: Connection, *, seen_version: int) -> sealing.Stored:
    """:raises Unreachable: when somebody else is at it for too long."""
    give_up_at = time.monotonic() + _WAIT_SECONDS
    while True:
        stored = sealing.load(connection)
        if stored.version != seen_version:
            return stored
        lease = _take_lease(connection, seen_version)
        if lease is not None:
            return _refresh(connection, lease)
        if time.monotonic() > give_up_at:
            raise Unreachable(
                f"{connection.platform_name} is slow to renew our access.",
                detail="another refresh holds the lease",
            )
        time.sleep(_LOOK_AGAIN_SECONDS)


def _take_lease(connection: Connection, version: int) -> _Lease | None:
    owner = f"{processes.this_process()}/{uuid4().hex[:12]}"
    with tenancy.entered(connection.organization_id):
        row = (
            StoredCredentials.objects.select_for_update()
            .annotate(is_leased=Coalesce(Q(lease_until__gte=Now()), Value(value=False)))
            .filter(connection_id=connection.pk, version=version)
            .first()
        )
        if row is None or (row.is_leased and not processes.is_gone(_process(row.lease_owner))):
            return None
        # Nothing is asked for that could not be kept.
        data_keys.require(connection.organization_id)
        lease = _Lease(
            owner=owner,
            version=version,
            current=sealing.opened(row),
            previous_refresh_token=_previous(row) if row.intent_at is not None else None,
        )
        _held(connection, version).update(
            lease_owner=owner, lease_until=Now() + _LEASE, intent_at=Now()
        )
        chaos.point("token.lease-taken")
    chaos.point("token.intent-written")
    return lease


def _process(owner: str) -> str:
    return owner.partition("/")[0]


def _previous(row: StoredCredentials) -> str | None:
    try:
        return sealing.previous_refresh_token(row)
    except Undecryptable:  # the current one may do
        return None


def _refresh(connection: Connection, lease: _Lease) -> sealing.Stored:
    """Ask the platform, as the only one.

    :raises AuthorizationRevoked: when the customer must authorize again, which is then on record.
    """
    try:
        fresh = _ask(connection, lease)
    except AuthorizationRevoked as error:
        _count(connection, "refused")
        if _end(connection, lease, reason=error.message):
            raise
        return _renewed(connection, seen_version=lease.version)
    except BaseException:
        # The intent stays: it is unknown whether the platform has rotated the token.
        _count(connection, "failed")
        _release(connection, lease)
        raise
    _count(connection, "renewed")
    chaos.point("token.answered")
    return _keep(connection, lease, fresh)


def _count(connection: Connection, outcome: str) -> None:
    metrics.TOKEN_REFRESHES.add(connection.platform_name, outcome)


def _ask(connection: Connection, lease: _Lease) -> Credentials:
    platform = get_platform(connection.platform)
    app = platform_app(connection.organization_id, connection.platform)
    http = http_client(connection.platform, app, lease.current)
    try:
        return platform.refresh(http, app, lease.current)
    except AuthorizationRevoked:
        if lease.previous_refresh_token is None or not _prolong(connection, lease):
            raise
        earlier = replace(lease.current, refresh_token=lease.previous_refresh_token)
        return platform.refresh(http, app, earlier)


def _keep(connection: Connection, lease: _Lease, fresh: Credentials) -> sealing.Stored:
    """Commit the answer; nobody has used it before."""
    with tenancy.entered(connection.organization_id):
        kept = _held(connection, lease.version, lease.owner).update(
            **sealing.sealed(connection, fresh),
            previous_refresh_token=F("refresh_token"),
            version=lease.version + 1,
            lease_until=None,
            lease_owner="",
            intent_at=None,
        )
        chaos.point("token.stored")
        gone = not kept and not StoredCredentials.objects.filter(connection=connection).exists()
    if gone:
        # Unlinked while we asked: what was just granted must not outlive that.
        give_back(connection.organization_id, connection.platform, fresh)
    chaos.point("token.committed")
    loaded = sealing.load(connection)
    chaos.point("token.handed-out")
    return loaded


def _end(connection: Connection, lease: _Lease, *, reason: str) -> bool:
    """Deauthorize; answer False when the customer has authorized anew meanwhile."""
    with tenancy.entered(connection.organization_id):
        _lock(connection)
        is_held = _held(connection, lease.version, lease.owner).select_for_update().exists()
        if is_held:
            deauthorize(connection, reason=reason)
    return is_held


def _lock(connection: Connection) -> None:
    """Take the connection's row before the credentials', as everybody does who changes both."""
    Connection.objects.select_for_update(no_key=True).filter(pk=connection.pk).first()


def _prolong(connection: Connection, lease: _Lease) -> bool:
    with tenancy.entered(connection.organization_id):
        return bool(
            _held(connection, lease.version, lease.owner).update(lease_until=Now() + _LEASE)
        )


def _release(connection: Connection, lease: _Lease) -> None:
    with tenancy.entered(connection.organization_id):
        _held(connection, lease.version, lease.owner).update(lease_until=None, lease_owner="")


def _held(
    connection: Connection, version: int, owner: str | None = None
) -> TenantQuerySet[StoredCredentials]:
    rows = StoredCredentials.objects.within(connection.organization_id).filter(
        connection_id=connection.pk, version=version
    )
    return rows if owner is None else rows.filter(lease_owner=owner)
