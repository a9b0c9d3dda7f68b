"""Who belongs to an organization: invitations, roles, and an Administrator who always stays."""

import re
import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from urllib.parse import unquote

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import portal.mail
from companies import team, tenancy
from companies.models import AuditEntry, Invitation, Membership, User
from companies.roles import Role
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory

INVITED = {"name": "Noor Haddad", "email": "Noor@Tidewater.example", "role": "developer"}
JOINING = {"name": "Noor H.", "password": "correct-horse-battery", "time_zone": "Europe/Oslo"}


def url(organization, name="team", *args) -> str:
    return reverse(f"companies:{name}", args=[organization.slug, *args])


@pytest.fixture
def send_invitation(client, organization, django_capture_on_commit_callbacks):
    def send(**changes) -> str:
        """Invite, and return the path in the e-mail that left."""
        with django_capture_on_commit_callbacks(execute=True):
            client.post(url(organization, "invite"), INVITED | changes)
        found = re.search(r"http://127\.0\.0\.1:8000(/invitations/\S+/)", str(mail.outbox[-1].body))
        assert found is not None
        return found[1]

    return send


@pytest.fixture
def carol(organization):
    return MembershipFactory(organization=organization, user__name="Carol Crane", role=Role.ADVISOR)


@pytest.fixture
def other_administrator(organization):
    return MembershipFactory(organization=organization, user__name="Dan Dee")


def told() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.order_by("at").values_list("kind", "action"))


def test_an_invitation_leads_to_an_account_that_belongs(send_invitation, organization):
    visitor = Client()
    path = send_invitation()

    page = visitor.get(path).content.decode()
    joined = visitor.post(path, JOINING)

    assert "Alice Archer invited you as <b>Developer</b>" in page
    assert joined.headers["Location"] == "/o/harbour/companies/"
    assert visitor.get("/o/harbour/companies/").status_code == 200
    member = Membership.objects.get(user__email="noor@tidewater.example")
    assert (member.role, member.user.name, member.user.time_zone) == (
        "developer",
        "Noor H.",
        "Europe/Oslo",
    )
    assert EmailAddress.objects.get(user=member.user).verified
    assert told() == [("invitation", "sent"), ("member", "joined")]


def test_a_link_is_good_for_one(send_invitation):
    path = send_invitation()
    Client().post(path, JOINING)

    again = Client().get(path)

    assert again.status_code == 404
    assert "no longer works" in again.content.decode()


def test_a_weak_password_is_refused(send_invitation):
    answer = Client().post(send_invitation(), JOINING | {"password": "noor"})

    assert answer.status_code == 422
    assert not User.objects.filter(email="noor@tidewater.example").exists()


def test_somebody_with_an_account_signs_in_and_joins(send_invitation, bob):
    visitor = Client()
    path = send_invitation(email=bob.email)

    page = visitor.get(path).content.decode()
    visitor.post(path, JOINING)
    assert f"/accounts/login/?next={path}" in unquote(page)
    assert not Membership.objects.filter(user=bob).exists()

    visitor.force_login(bob)
    joined = visitor.post(path)

    assert joined.headers["Location"] == "/o/harbour/companies/"
    assert Membership.objects.get(user=bob).role == Role.DEVELOPER


def test_somebody_else_cannot_take_an_invitation(send_invitation, bob):
    visitor = Client()
    visitor.force_login(bob)
    path = send_invitation()

    page = visitor.post(path, JOINING).content.decode()

    assert "You are signed in as bob@quay.example" in page
    assert Membership.objects.count() == 1


@pytest.mark.parametrize("end", ["expire", "withdraw", "tamper"])
def test_a_link_that_ended_opens_nothing(client, send_invitation, organization, end):
    path = send_invitation()
    invitation = Invitation.objects.get()
    if end == "expire":
        Invitation.objects.update(expires_at=timezone.now())
    elif end == "withdraw":
        client.post(url(organization, "invitation-withdraw", invitation.pk))
    else:
        path = path[:-3] + "AA/"

    assert Client().get(path).status_code == 404
    assert Client().post(path, JOINING).status_code == 404
    assert not User.objects.filter(email="noor@tidewater.example").exists()


def test_sent_again_it_works_for_a_week_again(
    client, send_invitation, organization, django_capture_on_commit_callbacks
):
    path = send_invitation()
    Invitation.objects.update(expires_at=timezone.now())

    with django_capture_on_commit_callbacks(execute=True):
        client.post(url(organization, "invitation-send", Invitation.objects.get().pk))

    assert len(mail.outbox) == 2
    assert Client().get(path).status_code == 200
    assert Invitation.objects.get().expires_at > timezone.now() + timedelta(days=6)


def test_an_e_mail_that_was_not_taken_is_shown(
    client, organization, django_capture_on_commit_callbacks, monkeypatch, caplog
):
    def refuse(*_args, **_kwargs):
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(portal.mail, "send", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url(organization, "invite"), INVITED)

    page = client.get(url(organization)).content.decode()
    assert "The mail server did not take it" in page
    assert "was not sent" in caplog.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "alice@harbour.example"}, "belongs to Harbour Lending already"),
        ({"email": "invited@harbour.example"}, "is invited already"),
        ({"email": "nonsense"}, "Enter a valid email address"),
        ({"role": "emperor"}, "Select a valid choice"),
        ({"name": "\0"}, "Null characters are not allowed"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(client, organization, changes, words):
    client.post(url(organization, "invite"), INVITED | {"email": "invited@harbour.example"})

    answer = client.post(url(organization, "invite"), INVITED | changes)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Invitation.objects.count() == 1


def test_an_organization_cannot_fill_the_worlds_mailboxes(client, organization, monkeypatch):
    monkeypatch.setattr(team, "EMAILS_PER_DAY", 1)
    client.post(url(organization, "invite"), INVITED)
    client.post(url(organization, "invitation-withdraw", Invitation.objects.get().pk))

    answer = client.post(url(organization, "invite"), INVITED)

    assert "which is the limit" in answer.content.decode()


def test_a_role_is_given_and_written_down(client, organization, carol):
    client.post(url(organization, "member", carol.pk), {"role": "developer"})

    carol.refresh_from_db()
    assert carol.role == Role.DEVELOPER
    entry = AuditEntry.objects.get()
    assert entry.changes == [("role", "advisor", "developer")]
    assert entry.label == f"Carol Crane ({carol.user.email})"


@pytest.mark.parametrize("act", ["member-switch", "member-remove"])
def test_open_sessions_lose_the_organization_at_once(client, organization, carol, act):
    theirs = Client()
    theirs.force_login(carol.user)
    assert theirs.get("/o/harbour/companies/").status_code == 200

    client.post(url(organization, act, carol.pk), {"state": "off"})

    assert theirs.get("/o/harbour/companies/").status_code == 404
    assert theirs.get("/").status_code == 403


def test_switched_on_again_they_are_back_with_their_role(client, organization, carol):
    client.post(url(organization, "member-switch", carol.pk), {"state": "off"})
    client.post(url(organization, "member-switch", carol.pk), {"state": "on"})

    theirs = Client()
    theirs.force_login(carol.user)
    assert theirs.get("/o/harbour/companies/").status_code == 200
    assert told() == [("member", "changed"), ("member", "changed")]


@pytest.mark.parametrize(
    ("act", "asked"),
    [
        ("member", {"role": "analyst"}),
        ("member-switch", {"state": "off"}),
        ("member-remove", {}),
    ],
)
def test_the_last_administrator_stays(
    client, organization, membership, other_administrator, act, asked
):
    # One who cannot sign in is no help.
    client.post(url(organization, "member-switch", other_administrator.pk), {"state": "off"})

    page = client.post(url(organization, act, membership.pk), asked, follow=True)

    assert "An organization needs one Administrator" in page.content.decode()
    membership.refresh_from_db()
    assert (membership.role, membership.is_enabled) == (Role.ADMINISTRATOR, True)


def test_an_administrator_among_others_may_step_down(
    client, organization, membership, other_administrator
):
    answer = client.post(url(organization, "member", membership.pk), {"role": "analyst"})

    assert answer.headers["Location"] == "/"
    assert client.get(url(organization)).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "act",
    [
        lambda member, actor: team.remove(member, actor=actor),
        lambda member, actor: team.switch(member, on=False, actor=actor),
        lambda member, actor: team.change_role(member, Role.ANALYST, actor=actor),
    ],
    ids=["remove", "switch off", "demote"],
)
def test_of_two_administrators_who_oust_each_other_one_stays(act):
    organization = OrganizationFactory()
    members = [MembershipFactory(organization=organization) for _ in range(2)]
    barrier = Barrier(2)

    def oust(mine: Membership, theirs: Membership) -> str:
        try:
            barrier.wait()
            act(theirs, mine.user)
        except team.LastAdministrator:
            return "refused"
        finally:
            database.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(oust, members, reversed(members)))

    assert sorted(answers) == ["done", "refused"]
    with tenancy.entered(organization.pk):
        assert Membership.objects.within(organization).administrating().count() == 1


def test_two_who_open_one_link_at_once_make_one_account(organization, alice):
    invitation = team.invite(
        organization, email="noor@tidewater.example", name="Noor", role=Role.ANALYST, actor=alice
    )
    team.accept(invitation, user=UserFactory(email="noor@tidewater.example"))

    with pytest.raises(team.Gone):
        team.open_account(invitation, name="Noor", password="x", time_zone="UTC")
