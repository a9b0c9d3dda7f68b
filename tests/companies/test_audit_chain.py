"""The audit log is a chain: what was altered, removed or slipped in is found."""

import csv
import io
import threading
from hashlib import sha256
from importlib import import_module

import pytest
from django.db import connection
from django.urls import reverse

from companies import audit, tenancy
from companies.models import AuditEntry, AuditKind, Membership, Organization
from portal.owner import as_owner, as_reader
from portal.verification.audit import chain
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, EACH = 8, 12
ODD = ('"quoted" \\ and\ttabbed\x1f\x7f', "Grüße 😀 \u2028", "", "[1, 2]", "null", "=1+1")

#: What somebody with the database could do to the third of five entries, and what is said of it.
TAMPERED = {
    "label = 'Nothing'": "entry 3 ({id}) is not what its hash says",
    "at = at - interval '1 microsecond'": "entry 3 ({id}) is not what its hash says",
    "after = '{}'": "entry 3 ({id}) is not what its hash says",
    "before = after": "entry 3 ({id}) is not what its hash says",
    "actor_name = 'Bob'": "entry 3 ({id}) is not what its hash says",
    "sequence = 9": "entry 3 is missing",
    "sequence = NULL": "entry 3 is missing",
}


def write(organization, label="Branding", **changes):
    known = {"label": label, "actor": None, "after": {"color": "réd", "size": 1.50, "of": None}}
    with tenancy.entered(organization.pk):
        audit.record(
            AuditKind.LINK_SETTINGS, "changed", organization_id=organization.pk, **known | changes
        )


def with_entries(number=5):
    organization = OrganizationFactory()
    for each in range(number):
        write(organization, f"Change {each}")
    return organization


def entries(organization):
    with tenancy.entered(organization.pk):
        return list(AuditEntry.objects.within(organization).order_by("sequence"))


def broken():
    with as_reader():
        return [found for found in chain() if isinstance(found, str)]


def tamper(*statements):
    """As somebody would who has got hold of the database itself."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE companies_auditentry NO FORCE ROW LEVEL SECURITY")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount != 0, statement
        cursor.execute("ALTER TABLE companies_auditentry FORCE ROW LEVEL SECURITY")


def test_each_organization_has_a_chain_of_its_own(transactional_db):
    first, second = OrganizationFactory(), OrganizationFactory()
    for organization in (first, second, first):
        write(organization)
    with tenancy.entered(second.pk):
        write(first, "from within another")
        write(second, "two")
        write(second, "of one transaction")

    assert [each.sequence for each in entries(first)] == [1, 2, 3]
    assert [each.label for each in entries(second)] == ["Branding", "two", "of one transaction"]
    assert len({each.hash for each in (*entries(first), *entries(second))}) == 6
    assert broken() == []


def test_whatever_an_entry_says_is_hashed_as_it_is_verified(transactional_db):
    organization = OrganizationFactory()
    for odd in ODD:
        before = {odd: [odd, {"b": 1e20, "aa": 0.10}, True]}
        write(organization, odd, before=before, actor=UserFactory(name=odd), object_id=odd)

    assert broken() == []


def test_nobody_chooses_an_entrys_place(transactional_db):
    organization = with_entries(2)
    with tenancy.entered(organization.pk):
        entry = AuditEntry.objects.within(organization).latest("sequence")
        entry.pk, entry._state.adding = AuditEntry._meta.pk.get_default(), True
        entry.sequence, entry.hash = 9000, "f" * 64
        entry.save()

    assert [each.sequence for each in entries(organization)] == [1, 2, 3]
    assert broken() == []


def test_many_at_once_make_one_chain(transactional_db):
    organizations = [OrganizationFactory(), OrganizationFactory()]
    ready = threading.Barrier(WRITERS)

    def writer(number):
        try:
            ready.wait()
            for place in range(EACH):
                write(organizations[place % 2], f"Change {place} of {number}")
        finally:
            connection.close()

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for organization in organizations:
        places = [each.sequence for each in entries(organization)]
        assert places == list(range(1, WRITERS * EACH // 2 + 1))
    assert broken() == []


def test_what_was_altered_is_found_in_each_organization(transactional_db):
    expected = []
    statements = []
    for change, words in TAMPERED.items():
        organization = with_entries()
        third = entries(organization)[2].pk
        statements.append(f"UPDATE companies_auditentry SET {change} WHERE id = '{third}'")
        expected.append(f"audit log of organization {organization.pk}: {words.format(id=third)}")
    sound = with_entries()

    tamper(*statements)

    assert sorted(broken()) == sorted(expected)
    assert str(sound.pk) not in " ".join(broken())


def test_what_was_removed_or_slipped_in_is_found_also_when_it_was_closed_up(transactional_db):
    cut, closed, slipped = with_entries(), with_entries(), with_entries()
    second, third = (each.pk for each in entries(closed)[1:3])
    last = entries(slipped)[-1].pk

    tamper(
        f"DELETE FROM companies_auditentry WHERE id = '{entries(cut)[1].pk}'",
        f"DELETE FROM companies_auditentry WHERE id = '{second}'",
        f"UPDATE companies_auditentry SET sequence = 2 WHERE id = '{third}'",
        f"UPDATE companies_auditentry SET sequence = NULL WHERE id = '{last}'",
    )

    assert set(broken()) == {
        f"audit log of organization {cut.pk}: entry 2 is missing",
        f"audit log of organization {closed.pk}: entry 2 ({third}) is not what its hash says",
        f"audit log of organization {slipped.pk}: entry {last} was never chained",
    }


def test_what_was_cut_off_is_found_by_whoever_noted_the_latest_hash(transactional_db):
    organization = with_entries()
    noted = entries(organization)[-1]
    tamper(f"DELETE FROM companies_auditentry WHERE id = '{noted.pk}'")
    write(organization, "in its place")

    assert broken() == []
    assert entries(organization)[-1].sequence == noted.sequence
    assert entries(organization)[-1].hash != noted.hash


def test_what_goes_with_an_account_or_an_organization_breaks_nothing(transactional_db):
    organization, gone, former = OrganizationFactory(), with_entries(2), UserFactory()
    write(organization, actor=former)

    former.delete()
    with tenancy.entered(gone.pk):
        write(gone, "the last one")
        Organization.objects.get(pk=gone.pk).delete()

    assert entries(organization)[0].actor is None
    assert broken() == []


def test_entries_from_before_are_chained_in_their_order(transactional_db):
    landed = import_module("companies.migrations.0018_audit_chain")
    organizations = with_entries(), with_entries(3)
    before = [each.hash for organization in organizations for each in entries(organization)]

    tamper("UPDATE companies_auditentry SET sequence = NULL, hash = ''", landed.FILL)

    after = [each.hash for organization in organizations for each in entries(organization)]
    assert before == after


def test_an_auditor_finds_all_that_is_hashed(client, transactional_db):
    membership: Membership = MembershipFactory(role="administrator")
    organization = membership.organization
    client.force_login(membership.user)
    for number in range(3):
        write(organization, f"Change {number}", actor=membership.user)
    slug = organization.slug

    page = client.get(reverse("companies:audit-log", args=[slug])).content.decode()
    response = client.get(reverse("companies:audit-log-export", args=[slug]))
    table = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))

    latest = entries(organization)[-1]
    assert "no. 3:" in page
    assert f"<code>{latest.hash}</code>" in page
    assert [row[0] for row in table[1:]] == ["1", "2", "3"]
    assert table[-1][-1] == latest.hash
    assert table[-1][2] == str(membership.user)
    # From what the file says alone, as docs/security.md tells.
    _, at, who, kind, _, what, label, object_id, action, _, after, entry_id, hashed = table[3]
    microseconds = int(latest.at.timestamp()) * 1_000_000 + int(at[20:26])
    text = (
        f'["{table[2][-1]}", 3, "{entry_id}", "{organization.pk}", {microseconds}, "{kind}", '
        f'"{who}", null, "{action}", "{what}", "{object_id}", "{label}", null, {after}]'
    )
    assert sha256(text.encode()).hexdigest() == hashed
