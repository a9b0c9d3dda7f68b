"""Moving everything that is sealed to the keys in force, while the portal is in use.

Every step is a small transaction of its own that replaces a ciphertext only if it is still the one
that was read: a token that was refreshed meanwhile stays. What is done already is passed over, so
whoever was stopped in the middle begins anew.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import BinaryField, Case, F, Func, IntegerField, Value, When
from django.db.models.functions import Length

import chaos
from companies import data_keys, tenancy
from companies.data_keys import SealedColumn
from companies.models import Organization, StoredDataKey
from connections import oauth, registration
from connections import sealing as credentials
from portal.adapter import MFAAdapter, encrypted_bytes
from portal.crypto import KEY_NAME_BYTES, Undecryptable, data_key_of, key_ring, ring_key_of
from webhooks import sealing as endpoints

#: Every column that is sealed for an organization; a test compares it with the models.
SEALED: tuple[SealedColumn, ...] = (
    *credentials.SEALED,
    *registration.SEALED,
    *oauth.SEALED,
    *endpoints.SEALED,
)
#: Others may seal while a key is emptied; after so many looks it is left to the next run.
_LOOKS = 5
_TRIES = 10


@dataclass(slots=True)
class Outcome:
    """What a run did, and what it could not do."""

    rewrapped: int = 0
    resealed: int = 0
    destroyed: int = 0
    #: Kind and id of each row that cannot be decrypted.
    undecryptable: list[str] = field(default_factory=list)


def tally() -> Counter[str]:
    """Count what hangs on which key."""
    found: Counter[str] = Counter()
    for organization_id in _organizations():
        with tenancy.entered(organization_id):
            keys = {key.pk: key for key in StoredDataKey.objects.within(organization_id)}
            found.update(
                f"ring key {ring_key_of(bytes(key.wrapped))}: data keys" for key in keys.values()
            )
            for column in SEALED:
                for _, name in _names(organization_id, column):
                    found[_called(name, keys)] += 1
    for _, texts in _second_steps():
        found.update(_called(_bytes_of(text), {}) for text in texts.values())
    return found


def ring_keys_in_use(rows: Callable[[type[Any]], Any]) -> set[str]:
    """Name the ring's keys that anything hangs on among the rows that `rows` gives of a model.

    Names only are asked for, so that little is read however much there is.
    """
    found = _ring_keys(rows(StoredDataKey), "wrapped")
    for column in SEALED:
        found |= _ring_keys(rows(column.model), column.name)
    return found


def ring_keys_of_second_steps() -> set[str]:
    """Name the ring's keys with which people's second steps of signing in are encrypted."""
    return {ring_key_of(_bytes_of(text)) for _, texts in _second_steps() for text in texts.values()}


def rekey(*, new_data_keys: bool = False) -> Outcome:
    """Move everything to the keys in force; with ``new_data_keys`` to new keys of organizations."""
    outcome = Outcome()
    for organization_id in _organizations():
        if new_data_keys:
            data_keys.renew(organization_id)
        _rekey_organization(organization_id, outcome)
    _rekey_second_steps(outcome)
    return outcome


def _rekey_organization(organization_id: UUID, outcome: Outcome) -> None:
    if not _rewrap(organization_id, outcome):
        return
    unreadable: list[str] = []
    for _ in range(_LOOKS):
        unreadable = _reseal_all(organization_id, outcome)
        if not _destroy_retired(organization_id, outcome):
            break
    outcome.undecryptable += unreadable


def _rewrap(organization_id: UUID, outcome: Outcome) -> bool:
    """Wrap the organization's keys anew; answer whether there is one to seal with."""
    with tenancy.entered(organization_id):
        rows = list(StoredDataKey.objects.within(organization_id).order_by("created_at", "pk"))
    for row in rows:
        if ring_key_of(bytes(row.wrapped)) == key_ring().current:
            continue
        try:
            outcome.rewrapped += data_keys.rewrap(row)
        except Undecryptable:
            outcome.undecryptable.append(f"data key {row.pk}")
        chaos.point("rekey.step")
    try:
        data_keys.require(organization_id)
    except Undecryptable:
        return False
    except Organization.DoesNotExist:  # deleted meanwhile
        return False
    return True


def _reseal_all(organization_id: UUID, outcome: Outcome) -> list[str]:
    """Seal anew what hangs on another key than the current; name what cannot be opened."""
    with tenancy.entered(organization_id):
        rows = StoredDataKey.objects.within(organization_id).filter(retired_at=None)
        current = rows.values_list("pk", flat=True).first()
    unreadable = []
    for column in SEALED:
        with tenancy.entered(organization_id):
            names = list(_names(organization_id, column))
        for row_id in [pk for pk, name in names if data_key_of(name) != current]:
            try:
                outcome.resealed += _reseal(organization_id, column, row_id)
            except Undecryptable:
                unreadable.append(f"{column} {row_id}")
            chaos.point("rekey.step")
    return unreadable


def _reseal(organization_id: UUID, column: SealedColumn, row_id: Any) -> bool:
    """Seal one value anew; answer False when it is gone.

    :raises Undecryptable: when it cannot be opened.
    """
    for _ in range(_TRIES):
        with tenancy.entered(organization_id):
            rows = column.model.objects.within(organization_id).filter(pk=row_id)
            row = rows.first()
            sealed = getattr(row, column.name, None)
            if not sealed:
                return False
            context = column.context(row)
            plaintext = data_keys.unseal(organization_id, sealed, context=context)
            fresh = data_keys.seal(organization_id, plaintext, context=context)
            if rows.filter(**{column.name: sealed}).update(**{column.name: fresh}):
                return True
    return False


def _destroy_retired(organization_id: UUID, outcome: Outcome) -> bool:
    """Destroy retired keys on which nothing hangs; answer whether something still does."""
    with tenancy.entered(organization_id):
        retired = StoredDataKey.objects.within(organization_id).exclude(retired_at=None)
        rows = list(retired.order_by("pk"))
    left = False
    for row in rows:
        is_gone = data_keys.destroy(row, hangs_on=lambda key_id: _hangs_on(organization_id, key_id))
        outcome.destroyed += is_gone
        left = left or not is_gone
    return left


def _hangs_on(organization_id: UUID, key_id: UUID) -> bool:
    return any(
        data_key_of(name) == key_id
        for column in SEALED
        for _, name in _names(organization_id, column)
    )


def _organizations() -> list[UUID]:
    with tenancy.system():
        return list(Organization.objects.order_by("pk").values_list("pk", flat=True))


def _names(organization_id: UUID, column: SealedColumn) -> Iterator[tuple[Any, bytes]]:
    """Yield the row and the beginning, which names the key, of everything in a column."""
    name = Func(
        F(column.name),
        Value(1),
        Value(KEY_NAME_BYTES),
        function="substring",
        output_field=BinaryField(),
    )
    rows = column.model.objects.within(organization_id).annotate(key_name=name)
    for pk, found in rows.order_by("pk").values_list("pk", "key_name"):
        if found:
            yield pk, bytes(found)


def _ring_keys(rows: Any, name: str) -> set[str]:
    """Name the ring's keys in a column, by what stands before each ciphertext (`portal.crypto`)."""
    first_byte = Func(F(name), Value(0), function="get_byte", output_field=IntegerField())
    has_any = When(key_bytes__gt=0, then=first_byte)
    key_id = Func(
        F(name), Value(2), F("id_bytes"), function="substring", output_field=BinaryField()
    )
    ring_made = (
        rows.annotate(key_bytes=Length(name), id_bytes=Case(has_any, default=0))
        .filter(id_bytes__gt=0)
        .annotate(ring_key=key_id)
    )
    found = ring_made.order_by().values_list("ring_key", flat=True).distinct()
    return {bytes(each).decode(errors="replace") for each in found}


def _called(name: bytes, keys: dict[UUID, StoredDataKey]) -> str:
    key_id = data_key_of(name)
    if key_id is None:
        ring_key = ring_key_of(name)
        known = ring_key in key_ring().ciphers
        return f"ring key {ring_key}: secrets" if known else "keys that are not there: secrets"
    if key_id not in keys:
        return "keys that are not there: secrets"
    return "data keys in force: secrets" if keys[key_id].retired_at is None else _RETIRED


_RETIRED = "retired data keys: secrets"


def _second_steps() -> Iterator[tuple[Authenticator, dict[str, str]]]:
    """Yield what people sign in with besides a password, and what of it is encrypted."""
    for row in Authenticator.objects.filter(type__in=["totp", "recovery_codes"]).order_by("pk"):
        named = {name: row.data[name] for name in ("secret", "seed") if name in row.data}
        yield row, named


def _bytes_of(text: str) -> bytes:
    try:
        return encrypted_bytes(text)
    except Undecryptable:
        return b""


def _rekey_second_steps(outcome: Outcome) -> None:
    adapter = MFAAdapter()
    for row, texts in _second_steps():
        old = {
            name: text
            for name, text in texts.items()
            if ring_key_of(_bytes_of(text)) != key_ring().current
        }
        if not old:
            continue
        try:
            fresh = {name: adapter.encrypt(adapter.decrypt(text)) for name, text in old.items()}
        except Undecryptable:
            outcome.undecryptable.append(f"{row.type} {row.pk}")
            continue
        same = Authenticator.objects.filter(pk=row.pk, data=row.data)
        outcome.resealed += same.update(data={**row.data, **fresh})
        chaos.point("rekey.step")
