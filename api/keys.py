"""API keys: made, shown once, found again by their hash, revoked."""

import hashlib
import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from api.models import ApiKey, Scope
from companies import audit, tenancy
from companies.models import Actor, AuditKind, Organization, person

_PREFIX = "lpk_"
_LETTERS = string.ascii_letters + string.digits
#: 43 of 62 letters are 256 bits.
_RANDOM = 43
_CHECKSUM = 6
_USED_EVERY = timedelta(minutes=1)


class TooManyKeys(Exception):
    """An organization has as many keys as it may have."""


class LastKey(Exception):
    """The only key of an organization is not taken away: its programs would stand still."""


def create_key(
    organization: Organization,
    *,
    name: str,
    scopes: Iterable[Scope] = tuple(Scope),
    expires_at: datetime | None = None,
    actor: Actor | None,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which cannot be shown again.

    :raises TooManyKeys: at the eleventh.
    """
    text = _new_text()
    with tenancy.entered(organization.pk):
        # Two at once would both find nine.
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        keys = ApiKey.objects.within(organization)
        if keys.count() >= ApiKey.MOST:
            raise TooManyKeys(
                gettext(
                    "Maximum number of API keys reached. An organization has at most %(most)d: "
                    "revoke one that is not used any more."
                )
                % {"most": ApiKey.MOST}
            )
        key = ApiKey.objects.create(
            organization=organization,
            name=" ".join(name.split())[:50],
            hash=_hash(text),
            ending=text[-4:],
            scopes=sorted(scopes),
            expires_at=expires_at,
            created_by=person(actor),
        )
        _record(key, gettext_noop("created"), actor, after=_facts(key))
    return key, text


def revoke_key(organization: Organization, key_id: UUID, *, actor: Actor | None) -> None:
    """Take a key away at once.

    :raises ApiKey.DoesNotExist: when there is none with this id.
    :raises LastKey: when no other is left that still works.
    """
    with tenancy.entered(organization.pk):
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        keys = ApiKey.objects.within(organization)
        key = keys.get(pk=key_id)
        in_force = keys.filter(Q(expires_at=None) | Q(expires_at__gt=Now())).exclude(pk=key_id)
        if not key.is_expired and not in_force.exists():
            raise LastKey(gettext("This is the last API key. Create another before you revoke it."))
        drop_key(key, actor=actor)


def drop_key(key: ApiKey, *, actor: Actor | None) -> None:
    """Take a key away, be it the last: for whoever makes another at once."""
    with tenancy.entered(key.organization_id):
        _record(key, gettext_noop("revoked"), actor, before=_facts(key))
        key.delete()


def keys_of(organization: Organization) -> list[ApiKey]:
    """Return an organization's keys, oldest first."""
    with tenancy.entered(organization.pk):
        rows = ApiKey.objects.within(organization).select_related("created_by")
        return list(rows.order_by("created_at", "id"))


def find_key(text: str) -> ApiKey | None:
    """Return the key that was shown, be it expired; only what says whose it is and for what."""
    if not _is_well_formed(text):
        return None
    with tenancy.system():
        found = ApiKey.objects.filter(hash=_hash(text))
        return found.only("id", "organization_id", "scopes", "expires_at").first()


def note_use(key: ApiKey) -> None:
    """Remember when the key was last used, at most once a minute.

    In a transaction of its own: the row is not to stay locked while a request is answered, or
    those that come with the same key would wait for it.
    """
    with tenancy.entered(key.organization_id):
        stale = Q(last_used_at=None) | Q(last_used_at__lt=timezone.now() - _USED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())


def _new_text() -> str:
    random = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM))
    return f"{_PREFIX}{random}{_checksum(random)}"


def _is_well_formed(text: str) -> bool:
    """Tell a key from anything else without asking the database."""
    random = text[len(_PREFIX) : -_CHECKSUM]
    return (
        text.isascii()
        and text.startswith(_PREFIX)
        and len(random) == _RANDOM
        and text.endswith(_checksum(random))
    )


def _checksum(random: str) -> str:
    """Let scanners for leaked secrets know a key when they see one."""
    number, letters = zlib.crc32(random.encode()), ""
    for _ in range(_CHECKSUM):
        number, place = divmod(number, len(_LETTERS))
        letters += _LETTERS[place]
    return letters


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _facts(key: ApiKey) -> dict[str, object]:
    expires = key.expires_at.isoformat() if key.expires_at else None
    return {"name": key.name, "scopes": key.scopes, "expires": expires, "ending": key.ending}


def _record(
    key: ApiKey,
    action: str,
    actor: Actor | None,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        AuditKind.API_KEY,
        action,
        organization_id=key.organization_id,
        object_id=key.pk,
        label=str(key),
        actor=actor,
        before=before,
        after=after,
    )
