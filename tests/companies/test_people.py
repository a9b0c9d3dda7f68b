"""What an Administrator may correct of somebody else, without being able to become them."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from companies.models import AuditEntry
from companies.roles import Role
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory

NEW = "carol@harbour.example"


@pytest.fixture
def carol(organization):
    member = MembershipFactory(
        organization=organization,
        user__name="Carol Crane",
        user__email="carol@old.example",
        role=Role.ADVISOR,
    )
    EmailAddress.objects.create(
        user=member.user, email=member.user.email, verified=True, primary=True
    )
    return member


@pytest.fixture
def edit(client, organization, carol, django_capture_on_commit_callbacks):
    def send(**changes):
        entered = {"name": carol.user.name, "email": carol.user.email} | changes
        url = reverse("companies:member-person", args=[organization.slug, carol.pk])
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url, entered, follow=True)

    return send


@pytest.fixture
def propose(edit):
    def send(email=NEW) -> str:
        """Propose it, and return the path in the e-mail that left."""
        edit(email=email)
        message = mail.outbox[-1]
        assert message.to == [email]
        found = re.search(r"http://127\.0\.0\.1:8000(/new-address/\S+/)", str(message.body))
        assert found is not None
        return found[1]

    return send


@pytest.fixture
def theirs(carol) -> Client:
    client = Client()
    client.force_login(carol.user)
    return client


def told() -> list[tuple[str, list[tuple[str, object, object]]]]:
    return [(each.action, each.changes) for each in AuditEntry.objects.order_by("at")]


def addresses(user) -> list[tuple[str, bool, bool]]:
    return list(EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary"))


def test_a_name_is_corrected_and_written_down(edit, carol):
    page = edit(name="  Carol   Crane-Hill ")

    carol.user.refresh_from_db()
    assert carol.user.name == "Carol Crane-Hill"
    assert "The name is saved." in page.content.decode()
    assert told() == [("changed", [("name", "Carol Crane", "Carol Crane-Hill")])]
    assert mail.outbox == []


def test_nothing_entered_anew_changes_and_writes_nothing(edit):
    assert "Nothing was changed." in edit().content.decode()
    assert told() == []


@pytest.mark.parametrize("entered", [{"name": ""}, {"email": "no address"}, {"email": ""}])
def test_what_makes_no_sense_is_refused(edit, entered):
    page = edit(**entered)

    assert page.status_code == 422
    assert told() == []


def test_an_address_changes_only_once_the_person_has_agreed(
    propose, theirs, carol, django_capture_on_commit_callbacks
):
    path = propose()
    carol.user.refresh_from_db()
    assert carol.user.email == "carol@old.example"
    assert f"Use {NEW}" in theirs.get(path).content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        assert theirs.post(path).status_code == 302

    carol.user.refresh_from_db()
    assert carol.user.email == NEW
    assert addresses(carol.user) == [(NEW, True, True)]
    change = [("email", "carol@old.example", NEW)]
    assert told() == [("asked to confirm a new address", change), ("changed", change)]
    assert mail.outbox[-1].to == ["carol@old.example"]
    assert mail.outbox[-1].subject == "[Ledgerport] Your e-mail address was changed"
    assert theirs.get("/account/").status_code == 200


def test_the_link_alone_takes_over_nothing(propose, client, carol):
    """An Administrator who names a mailbox of their own gets no further than the link."""
    path = propose("alices-other@mailbox.example")

    assert Client().get(path)["Location"].startswith("/accounts/login/")
    assert "for somebody else" in client.get(path).content.decode()
    assert client.post(path).status_code == 404
    carol.user.refresh_from_db()
    assert carol.user.email == "carol@old.example"


@pytest.mark.parametrize("why", ["another organization", "switched off there", "staff"])
def test_somebody_known_elsewhere_is_not_edited(edit, client, organization, carol, why):
    if why == "staff":
        carol.user.is_staff = True
        carol.user.save()
    else:
        MembershipFactory(
            organization=OrganizationFactory(),
            user=carol.user,
            is_enabled=why == "another organization",
        )
    shown = client.get(reverse("companies:member", args=[organization.slug, carol.pk]))
    assert "Save name and address" not in shown.content.decode()

    for changes in ({"name": "Mallory"}, {"email": NEW}):
        page = edit(**changes)
        assert page.status_code == 422
        assert "is not only yours" in page.content.decode()
    carol.user.refresh_from_db()
    assert (carol.user.name, mail.outbox, told()) == ("Carol Crane", [], [])


def left(carol):
    carol.delete()


def went_elsewhere_too(carol):
    MembershipFactory(organization=OrganizationFactory(), user=carol.user)


def has_another_address_already(carol):
    carol.user.email = "carol@elsewhere.example"
    carol.user.save()


@pytest.mark.parametrize("end", [left, went_elsewhere_too, has_another_address_already])
def test_a_link_that_was_overtaken_changes_nothing(propose, theirs, carol, end):
    path = propose()
    end(carol)

    assert theirs.post(path).status_code == 404
    assert addresses(carol.user) == [("carol@old.example", True, True)]


def test_a_link_works_once_and_for_a_day(propose, theirs, carol):
    path = propose()
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        next_day = Client()
        next_day.force_login(carol.user)
        assert next_day.get(path).status_code == 404
    assert theirs.get(path.replace("/new-address/", "/new-address/x")).status_code == 404
    assert theirs.post(path).status_code == 302
    assert theirs.post(path).status_code == 404


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_address_with_an_account_is_told_to_its_reader_only(
    propose, edit, theirs, carol, confirmed
):
    other = UserFactory(email="other@bank.example" if confirmed else NEW)
    if confirmed:
        EmailAddress.objects.create(user=other, email=NEW, verified=True)
    path = propose()

    answer = theirs.post(path)

    assert answer.status_code == 409
    assert "belongs to another account" in answer.content.decode()
    carol.user.refresh_from_db()
    assert carol.user.email == "carol@old.example"


def test_a_colleagues_address_is_refused(edit, alice):
    page = edit(email=alice.email.upper())

    assert "belongs to somebody else of your team" in page.content.decode()
    assert mail.outbox == []


def test_proposals_count_among_the_e_mails_of_a_day(edit, monkeypatch):
    monkeypatch.setattr("companies.team.EMAILS_PER_DAY", 1)
    edit(email=NEW)

    assert "which is the limit" in edit(email="second@harbour.example").content.decode()


def test_ones_own_are_changed_under_account(client, organization, membership):
    page = client.get(reverse("companies:member", args=[organization.slug, membership.pk]))

    assert "Your own are under" in page.content.decode()
