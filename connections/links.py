"""Link URLs: unguessable, shown again whenever wanted, and never readable from the database.

The token is the row's id and a keyed digest of it. The key comes from SECRET_KEY, which the
database does not hold.
"""

import base64
import binascii
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection as database
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from companies import events, tenancy
from companies.models import Company, EventType, TenantQuerySet, User
from connections.models import Connection, LinkUrl

VALID_FOR = timedelta(days=30)
_DIGEST_BYTES = 16
_ID_BYTES = 16


def link_url(
    company: Company, *, connection: Connection | None = None, created_by: User | None = None
) -> str:
    """Return the Link URL in force for the company, or for one connection; make one if need be."""
    with tenancy.entered(company.organization_id):
        return absolute(_in_force(company, connection, created_by))


def latest(
    company: Company, *, connection: Connection | None = None, created_by: User | None = None
) -> LinkUrl:
    """Return the newest Link URL, be it expired or revoked; the first is made here."""
    with tenancy.entered(company.organization_id):
        return newest(company, connection=connection) or _in_force(company, connection, created_by)


def newest(company: Company, *, connection: Connection | None = None) -> LinkUrl | None:
    """Return the newest Link URL, if there ever was one; nothing is made."""
    with tenancy.entered(company.organization_id):
        return _of(company, connection).order_by("-created_at", "-id").first()


def link_urls(
    organization_id: UUID, *, company_ids: Iterable[UUID] = (), connection_ids: Iterable[UUID] = ()
) -> dict[UUID, str]:
    """Return the Link URLs of many companies and connections by their ids, in a few queries.

    What has none yet, or an expired one, gets one; a revoked one stays revoked. What was deleted
    meanwhile is left out.
    """
    with tenancy.entered(organization_id):
        companies, connections = set(company_ids), set(connection_ids)
        rows = LinkUrl.objects.within(organization_id)
        of_companies = rows.filter(company__in=companies, connection=None)
        of_connections = rows.filter(connection__in=connections)
        found = _newest(of_companies, "company_id") | _newest(of_connections, "connection_id")
        expired = [row.pk for row in found.values() if row.revoked_at is None and row.is_expired]
        if expired:
            rows.filter(pk__in=expired).update(revoked_at=Now())
        missing = {
            target
            for target in companies | connections
            if target not in found or found[target].pk in expired
        }
        if missing:
            _make_for(organization_id, missing)
            found |= _newest(of_companies.filter(company__in=missing), "company_id")
            found |= _newest(of_connections.filter(connection__in=missing), "connection_id")
    return {target: absolute(row) for target, row in found.items()}


def renew(company: Company, *, connection: Connection | None = None, actor: User | None) -> str:
    """Replace the Link URL: the old one leads nowhere from now on."""
    with tenancy.entered(company.organization_id):
        # Of two who renew at once the second replaces the first one's.
        Company.objects.select_for_update().get(pk=company.pk)
        _of(company, connection).filter(revoked_at=None).update(revoked_at=Now())
        fresh = _in_force(company, connection, actor)
        _record(fresh, EventType.LINK_URL_RENEWED, "renewed the Link URL", actor)
    return absolute(fresh)


def revoke(company: Company, *, connection: Connection | None = None, actor: User | None) -> None:
    """Let the Link URL lead nowhere; what was linked through it stays linked."""
    with tenancy.entered(company.organization_id):
        revoked = _of(company, connection).filter(revoked_at=None)
        for row in revoked.select_for_update():
            LinkUrl.objects.filter(pk=row.pk).update(revoked_at=Now())
            _record(row, EventType.LINK_URL_REVOKED, "revoked the Link URL", actor)


def find(token: str) -> LinkUrl | None:
    """Return the Link URL in force that the token names."""
    link_id = id_of(token)
    if link_id is None:
        return None
    with tenancy.system():
        return LinkUrl.objects.filter(
            pk=link_id, revoked_at=None, expires_at__gt=timezone.now()
        ).first()


def absolute(link: LinkUrl) -> str:
    return f"{settings.BASE_URL}/link/{token_of(link.pk)}/"


def token_of(link_id: UUID) -> str:
    """Return what stands in an address for an id, and cannot be made up by anybody else."""
    signed = link_id.bytes + _digest(link_id.bytes, settings.SECRET_KEY)
    return _encoded(signed)


def id_of(token: str) -> UUID | None:
    """Return the id that `token_of` was given."""
    try:
        signed = base64.b64decode(token.encode() + b"=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    link_id, digest = signed[:_ID_BYTES], signed[_ID_BYTES:]
    if _encoded(signed) != token:  # two bits of its last letter say nothing
        return None
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if len(signed) != _ID_BYTES + _DIGEST_BYTES or not any(
        constant_time_compare(digest, _digest(link_id, key)) for key in keys
    ):
        return None
    return UUID(bytes=link_id)


def _encoded(signed: bytes) -> str:
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def _digest(link_id: bytes, key: str | bytes) -> bytes:
    mac = salted_hmac("ledgerport.link-url", link_id, secret=key, algorithm="sha256")
    return mac.digest()[:_DIGEST_BYTES]


def _of(company: Company, connection: Connection | None) -> TenantQuerySet[LinkUrl]:
    return LinkUrl.objects.within(company.organization_id).filter(
        company=company, connection=connection
    )


def _newest(rows: TenantQuerySet[LinkUrl], target: str) -> dict[UUID, LinkUrl]:
    newest = rows.order_by(target, "-created_at", "-id").distinct(target)
    return {getattr(row, target): row for row in newest}


#: Nobody waits for whoever shares a key, but whoever would delete it: a Link URL of a company that
#: is gone by the commit would fail all others.
_HOLD_COMPANIES = """
SELECT id, id = ANY(%(targets)s) FROM companies_company
 WHERE organization_id = %(organization)s AND (id = ANY(%(targets)s) OR id IN (
         SELECT company_id FROM connections_connection
          WHERE organization_id = %(organization)s AND id = ANY(%(targets)s)
       ))
 ORDER BY id FOR KEY SHARE
"""
_HOLD_CONNECTIONS = """
SELECT company_id, id FROM connections_connection
 WHERE organization_id = %(organization)s AND id = ANY(%(targets)s)
   AND company_id = ANY(%(companies)s)
 ORDER BY id FOR KEY SHARE
"""


def _make_for(organization_id: UUID, targets: Collection[UUID]) -> None:
    """Make a Link URL for each company or connection; of two who do, one does."""
    until = timezone.now() + VALID_FOR
    asked: dict[str, Any] = {"organization": organization_id, "targets": list(targets)}
    with database.cursor() as cursor:
        cursor.execute(_HOLD_COMPANIES, asked)
        companies = cursor.fetchall()
        asked["companies"] = [company_id for company_id, _ in companies]
        cursor.execute(_HOLD_CONNECTIONS, asked)
        wanted: list[tuple[UUID, UUID | None]] = cursor.fetchall()
    wanted += [(company_id, None) for company_id, is_target in companies if is_target]
    LinkUrl.objects.bulk_create(
        [
            LinkUrl(
                organization_id=organization_id,
                company_id=company_id,
                connection_id=connection_id,
                expires_at=until,
            )
            for company_id, connection_id in wanted
        ],
        ignore_conflicts=True,
    )


def _in_force(company: Company, connection: Connection | None, created_by: User | None) -> LinkUrl:
    rows = _of(company, connection).filter(revoked_at=None)
    now = timezone.now()
    rows.filter(expires_at__lte=now).update(revoked_at=now)
    # The unique constraint lets one of two through; the other finds it.
    found, _ = rows.get_or_create(
        defaults={"expires_at": now + VALID_FOR, "created_by": created_by},
        organization_id=company.organization_id,
        company=company,
        connection=connection,
        revoked_at=None,
    )
    return found


def _record(link: LinkUrl, event_type: EventType, summary: str, actor: User | None) -> None:
    events.record(
        event_type,
        organization_id=link.organization_id,
        company_id=link.company_id,
        connection_id=link.connection_id,
        actor=actor,
        summary=summary,
    )
