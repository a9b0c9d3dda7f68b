"""Each role at each page and action of Team, Organization, Audit log and Account, in one table."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from companies.models import AuditEntry, Invitation, Membership, Organization
from companies.roles import Role
from tests.factories import MembershipFactory

ADMINISTRATOR = {Role.ADMINISTRATOR}
BUILDERS = {Role.DEVELOPER, Role.ADMINISTRATOR}
EVERYBODY = set(Role)
INVITED = {"name": "Noor", "email": "noor@tidewater.example", "role": "analyst"}

#: Method, page, what is sent, who may.
TABLE = [
    ("GET", "companies:team", {}, ADMINISTRATOR),
    ("POST", "companies:invite", INVITED, ADMINISTRATOR),
    ("POST", "companies:invitation-send", {}, ADMINISTRATOR),
    ("POST", "companies:invitation-withdraw", {}, ADMINISTRATOR),
    ("GET", "companies:member", {}, ADMINISTRATOR),
    ("POST", "companies:member", {"role": "administrator"}, ADMINISTRATOR),
    ("POST", "companies:member-person", {"name": "X", "email": "x@x.example"}, ADMINISTRATOR),
    ("POST", "companies:member-switch", {"state": "off"}, ADMINISTRATOR),
    ("POST", "companies:member-remove", {}, ADMINISTRATOR),
    ("GET", "companies:organization", {}, BUILDERS),
    ("POST", "companies:organization", {"name": "Taken over"}, BUILDERS),
    ("GET", "companies:audit-log", {}, BUILDERS),
    ("GET", "account", {}, EVERYBODY),
    ("POST", "account", {"name": "New name", "time_zone": "UTC"}, EVERYBODY),
    ("GET", "mfa_index", {}, EVERYBODY),
    ("GET", "usersessions_list", {}, EVERYBODY),
]
#: What the sidebar offers, and to whom.
LINKS = {
    "companies:team": ADMINISTRATOR,
    "companies:organization": BUILDERS,
    "companies:audit-log": BUILDERS,
    "account": EVERYBODY,
}


@pytest.fixture
def parameters(organization) -> dict[str, object]:
    """Something to act upon: a colleague and an invitation."""
    invitation = Invitation.objects.create(
        organization=organization,
        email="tom@harbour.example",
        name="Tom",
        role=Role.ANALYST,
        expires_at=timezone.now() + timedelta(days=1),
    )
    return {
        "organization": organization.slug,
        "membership_id": MembershipFactory(organization=organization, role=Role.ADVISOR).pk,
        "invitation_id": invitation.pk,
    }


def address(page: str, parameters: dict[str, object]) -> str:
    kinds = {"member": "membership_id", "invitation": "invitation_id"}
    if ":" not in page:
        return reverse(page)
    kind = page.removeprefix("companies:").partition("-")[0]
    needed = ["organization", *filter(None, [kinds.get(kind)])]
    return reverse(page, kwargs={name: parameters[name] for name in needed})


def everything() -> list[object]:
    """Read all that the actions could change, but the actor's own name."""
    tables = (AuditEntry, Invitation, Membership, Organization)
    return [list(table.objects.order_by("pk").values()) for table in tables]


@pytest.mark.full
@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_the_table_says(organization, parameters, role):
    clerk = MembershipFactory(organization=organization, role=role).user
    browser = Client()
    browser.force_login(clerk)
    before = everything()

    for method, page, sent, allowed in TABLE:
        with transaction.atomic():
            answer = browser.generic(
                method,
                address(page, parameters),
                "&".join(f"{name}={value}" for name, value in sent.items()),
                content_type="application/x-www-form-urlencoded",
            )
            if role in allowed:
                assert answer.status_code in {200, 302}, (method, page)
                is_change = method == "POST" and page != "account"
                assert (everything() != before) is is_change, (method, page)
            else:
                assert answer.status_code == 403, (method, page)
                assert everything() == before, (method, page)
            transaction.set_rollback(True)


@pytest.mark.full
@pytest.mark.parametrize("role", Role)
def test_each_role_is_offered_what_it_may(organization, parameters, role):
    browser = Client()
    browser.force_login(MembershipFactory(organization=organization, role=role).user)

    page = browser.get(reverse("companies:list", args=[organization.slug])).content.decode()

    offered = {name for name in LINKS if f'href="{address(name, parameters)}"' in page}
    assert offered == {name for name, allowed in LINKS.items() if role in allowed}
