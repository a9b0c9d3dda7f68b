"""Each organization's own key: what it opens, for whom, and for how long."""

import threading
from uuid import UUID

import pytest
from django.db import connection as database
from django.db import transaction

from companies import data_keys, tenancy
from companies.models import StoredDataKey
from portal import crypto
from portal.crypto import Undecryptable, data_key_of, ring_key_of
from tests.factories import OrganizationFactory

CONTEXT = "row|field|organization"


def keys_of(organization) -> list[StoredDataKey]:
    with tenancy.entered(organization.pk):
        return list(StoredDataKey.objects.within(organization).order_by("created_at"))


def test_what_is_sealed_names_the_organizations_key(organization):
    sealed = data_keys.seal(organization.pk, "hush", context=CONTEXT)

    (key,) = keys_of(organization)
    assert data_key_of(sealed) == key.pk
    assert data_keys.unseal(organization.pk, sealed, context=CONTEXT) == "hush"


def test_what_the_ring_sealed_before_stays_readable(organization, ring):
    sealed = ring("old").encrypt("hush", context=CONTEXT)

    ring("new", "old")

    assert (data_key_of(sealed), ring_key_of(sealed)) == (None, "old")
    assert data_keys.unseal(organization.pk, sealed, context=CONTEXT) == "hush"


def test_another_organization_cannot_open_it(organization, other_organization):
    sealed = data_keys.seal(organization.pk, "hush", context=CONTEXT)
    data_keys.unseal(organization.pk, sealed, context=CONTEXT)

    with pytest.raises(Undecryptable):
        data_keys.unseal(other_organization.pk, sealed, context=CONTEXT)


def test_a_wrapped_key_of_another_organization_unwraps_nothing(organization, other_organization):
    sealed = data_keys.seal(organization.pk, "hush", context=CONTEXT)
    data_keys.require(other_organization.pk)
    (mine,), (theirs,) = keys_of(organization), keys_of(other_organization)
    StoredDataKey.objects.filter(pk=mine.pk).update(wrapped=theirs.wrapped)

    with pytest.raises(Undecryptable):
        data_keys.unseal(organization.pk, sealed, context=CONTEXT)


@pytest.mark.parametrize("kind", ["data key", "ring"])
def test_what_was_altered_or_cut_off_is_refused(organization, kind):
    sealed = (
        data_keys.seal(organization.pk, "hush", context=CONTEXT)
        if kind == "data key"
        else crypto.key_ring().encrypt("hush", context=CONTEXT)
    )
    altered = [
        sealed[:place] + bytes([sealed[place] ^ bit]) + sealed[place + 1 :]
        for place in range(len(sealed))
        for bit in (1, 128)
    ]
    cut_off = [sealed[:length] for length in range(len(sealed))]

    for spoilt in [*altered, *cut_off]:
        with pytest.raises(Undecryptable):
            data_keys.unseal(organization.pk, spoilt, context=CONTEXT)


def test_a_context_of_another_row_is_refused(organization):
    sealed = data_keys.seal(organization.pk, "hush", context=CONTEXT)

    with pytest.raises(Undecryptable):
        data_keys.unseal(organization.pk, sealed, context=f"{CONTEXT}|other")


def test_a_key_is_read_once_a_minute(organization, django_assert_num_queries, monkeypatch):
    sealed = data_keys.seal(organization.pk, "hush", context=CONTEXT)

    with django_assert_num_queries(1):
        data_keys.unseal(organization.pk, sealed, context=CONTEXT)
    with django_assert_num_queries(0):
        data_keys.unseal(organization.pk, sealed, context=CONTEXT)
    monkeypatch.setattr("time.monotonic", lambda: float("inf"))
    with django_assert_num_queries(1):
        data_keys.unseal(organization.pk, sealed, context=CONTEXT)


def test_few_keys_are_kept_unwrapped(db, monkeypatch):
    monkeypatch.setattr(data_keys, "_MOST_KEPT", 2)
    sealed: dict[UUID, bytes] = {}
    for organization in OrganizationFactory.create_batch(3):
        sealed[organization.pk] = data_keys.seal(organization.pk, "hush", context=CONTEXT)
        data_keys.unseal(organization.pk, sealed[organization.pk], context=CONTEXT)

    assert len(data_keys._kept) == 2


def test_a_retired_key_opens_what_it_sealed_until_it_is_destroyed(organization):
    sealed = data_keys.seal(organization.pk, "hush", context=CONTEXT)

    data_keys.renew(organization.pk)

    retired, current = keys_of(organization)
    assert data_key_of(data_keys.seal(organization.pk, "x", context=CONTEXT)) == current.pk
    assert data_keys.unseal(organization.pk, sealed, context=CONTEXT) == "hush"
    assert not data_keys.destroy(retired, hangs_on=lambda _: True)
    assert not data_keys.destroy(current, hangs_on=lambda _: False)
    assert data_keys.destroy(retired, hangs_on=lambda _: False)
    data_keys.forget()
    with pytest.raises(Undecryptable):
        data_keys.unseal(organization.pk, sealed, context=CONTEXT)


def test_a_rewrapped_key_opens_without_the_old_ring(organization, ring):
    ring("old")
    sealed = data_keys.seal(organization.pk, "hush", context=CONTEXT)
    ring("new", "old")

    assert data_keys.rewrap(*keys_of(organization))

    ring("new")
    assert data_keys.unseal(organization.pk, sealed, context=CONTEXT) == "hush"


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sealed_outside_the_transaction_that_stores_it():
    organization = OrganizationFactory()

    with pytest.raises(transaction.TransactionManagementError):
        data_keys.seal(organization.pk, "hush", context=CONTEXT)


@pytest.mark.django_db(transaction=True)
def test_who_seals_first_at_once_makes_one_key():
    organization, barrier = OrganizationFactory(), threading.Barrier(4)
    sealed = []

    def seal():
        barrier.wait()
        with tenancy.entered(organization.pk):
            sealed.append(data_keys.seal(organization.pk, "hush", context=CONTEXT))
        database.close()

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (key,) = keys_of(organization)
    assert {data_key_of(each) for each in sealed} == {key.pk}


@pytest.mark.django_db(transaction=True)
def test_a_key_is_not_destroyed_under_whoever_seals_with_it():
    organization = OrganizationFactory()
    data_keys.require(organization.pk)
    looked_at: list[bool] = []
    stored: list[str] = []
    has_sealed = threading.Event()

    def destroy():
        has_sealed.wait()
        looked_at.append(
            data_keys.destroy(keys_of(organization)[0], hangs_on=lambda _: bool(stored))
        )
        database.close()

    def renew():
        data_keys.renew(organization.pk)
        database.close()

    thread = threading.Thread(target=destroy)
    thread.start()
    with tenancy.entered(organization.pk):
        data_keys.seal(organization.pk, "hush", context=CONTEXT)
        other = threading.Thread(target=renew)
        other.start()
        other.join()
        has_sealed.set()
        thread.join(0.3)
        assert thread.is_alive()
        stored.append("committed")
    thread.join()

    assert looked_at == [False]
    assert len(keys_of(organization)) == 2
