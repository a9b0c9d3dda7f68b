"""Each organization's own key: everything secret of an organization is sealed with it.

The operator's ring wraps the keys, and nothing else of an organization: changing the ring rewraps a
row for each organization, and destroying a key makes unreadable whatever it sealed, wherever copies
of that lie. What was sealed by the ring itself, before there were data keys, stays readable.
"""

import base64
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models.functions import Now

from companies import tenancy
from companies.models import Organization, StoredDataKey
from portal.crypto import DataKey, Undecryptable, data_key_of, key_ring

#: An unwrapped key is forgotten after so long: one that was destroyed opens nothing any more.
_KEPT_SECONDS = 60.0
_MOST_KEPT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A column that `seal` fills; `portal.rekeying` lists all there are."""

    model: type[Any]
    name: str
    #: Names the row, the field and the organization, as for `seal`.
    context: Callable[[Any], str]

    def __str__(self) -> str:
        return f"{self.model._meta.verbose_name} {self.name}"


def seal(organization_id: UUID, plaintext: str, *, context: str) -> bytes:
    """Seal with the organization's current key, in the transaction that stores the result.

    The key is held until that commits, so that nobody destroys it meanwhile. `context` names the
    row and field, and the organization.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Seal in the transaction that stores it.")
    return _current(organization_id).encrypt(plaintext, context=context)


def unseal(organization_id: UUID, ciphertext: bytes | memoryview, *, context: str) -> str:
    """Open what was sealed for the organization, be it with its key or by the ring.

    :raises Undecryptable: when it was altered, belongs elsewhere, or its key is gone.
    """
    ciphertext = bytes(ciphertext)
    key_id = data_key_of(ciphertext)
    if key_id is None:
        return key_ring().decrypt(ciphertext, context=context)
    return _find(organization_id, key_id).decrypt(ciphertext, context=context)


def require(organization_id: UUID) -> None:
    """See to it that there is a key to seal with, before what is to be sealed is asked for.

    :raises Undecryptable: when there is one that cannot be unwrapped.
    """
    with transaction.atomic():
        _current(organization_id)


def renew(organization_id: UUID) -> None:
    """Give the organization a new key; the old one is kept for what it sealed."""
    with tenancy.entered(organization_id):
        StoredDataKey.objects.within(organization_id).filter(retired_at=None).update(
            retired_at=Now()
        )
        _make(organization_id)


def rewrap(row: StoredDataKey) -> bool:
    """Wrap a key with the ring's current key; answer whether it was still as it was read.

    :raises Undecryptable: when it cannot be unwrapped.
    """
    context = _context(row.organization_id, row.pk)
    key = key_ring().decrypt(bytes(row.wrapped), context=context)
    with tenancy.entered(row.organization_id):
        same = StoredDataKey.objects.within(row.organization_id).filter(
            pk=row.pk, wrapped=row.wrapped
        )
        return bool(same.update(wrapped=key_ring().encrypt(key, context=context)))


def taken_out(row: StoredDataKey) -> bytes:
    """Return a key as it is, for whoever wraps it otherwise.

    :raises Undecryptable: when it cannot be unwrapped.
    """
    context = _context(row.organization_id, row.pk)
    return base64.b64decode(key_ring().decrypt(bytes(row.wrapped), context=context))


def taken_in(
    organization_id: UUID, key_id: UUID, key: bytes, *, retired_at: datetime | None
) -> StoredDataKey:
    """Return the row, not saved yet, of a key that comes from elsewhere; the ring wraps it."""
    wrapped = key_ring().encrypt(
        base64.b64encode(key).decode(), context=_context(organization_id, key_id)
    )
    return StoredDataKey(
        id=key_id, organization_id=organization_id, wrapped=wrapped, retired_at=retired_at
    )


def destroy(row: StoredDataKey, *, hangs_on: Callable[[UUID], bool]) -> bool:
    """Destroy a retired key; answer False when something is sealed with it still.

    `hangs_on` looks for that once all are done who held the key while they sealed.
    """
    with tenancy.entered(row.organization_id):
        retired = StoredDataKey.objects.within(row.organization_id).exclude(retired_at=None)
        held = retired.select_for_update().filter(pk=row.pk).first()
        if held is None or hangs_on(row.pk):
            return False
        held.delete()
    return True


def forget() -> None:
    """Forget every unwrapped key of this process."""
    _kept.clear()


class _Kept:
    """Unwrapped keys of this process: few, and not for long."""

    def __init__(self) -> None:
        self._keys: OrderedDict[tuple[UUID, UUID], tuple[float, DataKey]] = OrderedDict()
        self._lock = Lock()

    def get(self, organization_id: UUID, key_id: UUID) -> DataKey | None:
        with self._lock:
            until, key = self._keys.get((organization_id, key_id), (0.0, None))
            return key if until > time.monotonic() else None

    def put(self, organization_id: UUID, key: DataKey) -> None:
        with self._lock:
            self._keys[organization_id, key.id] = (time.monotonic() + _KEPT_SECONDS, key)
            self._keys.move_to_end((organization_id, key.id))
            while len(self._keys) > _MOST_KEPT:
                self._keys.popitem(last=False)

    def __len__(self) -> int:
        return len(self._keys)

    def clear(self) -> None:
        with self._lock:
            self._keys.clear()


_kept = _Kept()


def _find(organization_id: UUID, key_id: UUID) -> DataKey:
    kept = _kept.get(organization_id, key_id)
    if kept is not None:
        return kept
    # Asked as we stand first: whoever reads secrets has mostly entered the organization already.
    wrapped = _read(organization_id, key_id) if connection.in_atomic_block else None
    if wrapped is None:
        with tenancy.entered(organization_id):
            wrapped = _read(organization_id, key_id)
    if wrapped is None:
        raise Undecryptable(f"no data key {key_id}")
    key = _unwrapped(organization_id, key_id, wrapped)
    _kept.put(organization_id, key)
    return key


def _read(organization_id: UUID, key_id: UUID) -> bytes | None:
    rows = StoredDataKey.objects.within(organization_id).filter(pk=key_id)
    wrapped = rows.values_list("wrapped", flat=True).first()
    return None if wrapped is None else bytes(wrapped)


def _current(organization_id: UUID) -> DataKey:
    """Return the key in force, held until the transaction ends; the first one is made here.

    It is read, not remembered: one that was made in a transaction that failed never was.
    """
    key = _held(organization_id)
    if key is None:
        with tenancy.entered(organization_id):
            key = _held(organization_id)
            if key is None:
                _make(organization_id)
                key = _held(organization_id)
    if key is None:
        raise Organization.DoesNotExist(f"organization {organization_id} has no key")
    return key


#: Sealers do not wait for each other; only whoever would destroy the key waits for them.
_HOLD = """
SELECT id, wrapped FROM companies_storeddatakey
 WHERE organization_id = %s AND retired_at IS NULL FOR KEY SHARE
"""


def _held(organization_id: UUID) -> DataKey | None:
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [organization_id])
        row = cursor.fetchone()
    return _unwrapped(organization_id, *row) if row else None


def _unwrapped(organization_id: UUID, key_id: UUID, wrapped: bytes) -> DataKey:
    return DataKey.unwrap(key_id, bytes(wrapped), context=_context(organization_id, key_id))


def _make(organization_id: UUID) -> None:
    """Make a key, unless somebody else has just made one."""
    key_id = uuid4()
    wrapped = DataKey.make(context=_context(organization_id, key_id))
    row = StoredDataKey(id=key_id, organization_id=organization_id, wrapped=wrapped)
    StoredDataKey.objects.bulk_create([row], ignore_conflicts=True)


def _context(organization_id: UUID, key_id: UUID) -> str:
    return f"datakey|{organization_id}|{key_id}"
