"""What people do to organizations and companies."""

import pytest

from companies import operations, tenancy
from companies.models import Company, Event, Membership
from companies.roles import Role
from connections.models import Connection
from tests.factories import ConnectionFactory, OrganizationFactory


def test_whoever_creates_an_organization_administers_it(alice):
    organization = operations.create_organization(alice, "  Harbour   Lending ")

    with tenancy.entered(organization.pk):
        membership = Membership.objects.get()
    assert (membership.user, membership.role) == (alice, Role.ADMINISTRATOR)
    assert (organization.name, organization.slug) == ("Harbour Lending", "harbour-lending")


@pytest.mark.parametrize("name", ["API", "東京"])
def test_a_name_that_makes_no_slug_gets_another(alice, name):
    organization = operations.create_organization(alice, name)

    assert organization.slug not in operations.RESERVED_SLUGS
    assert organization.slug


def test_a_taken_slug_gets_a_suffix(alice):
    OrganizationFactory(slug="harbour-lending")

    organization = operations.create_organization(alice, "Harbour Lending")

    assert organization.slug.startswith("harbour-lending-")


def test_a_long_name_fits_its_slug(alice):
    organization = operations.create_organization(alice, "Harbour " * 15)

    assert len(organization.slug) <= 60


def test_a_new_company_is_remembered_with_its_creator(organization, alice):
    company = operations.create_company(organization, name="Eastgate", created_by=alice)

    event = Event.objects.get(company_id=company.pk)
    assert (event.type, event.actor, company.created_by) == ("company.created", alice, alice)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Example Company (Codat[1])", "Example Company Codat1"),
        ("  J&J's  Fish -  & Chips?! ", "J&J's Fish - & Chips?!"),
        ("<script>alert('x')</script>", "scriptalert'x'script"),
        ("Łódź Spółka", "Łódź Spółka"),
        ("हिन्दी ट्रेडर्स №1 ™", "हिन्दी ट्रेडर्स 1"),
    ],
)
def test_characters_a_name_may_not_have_are_left_out(organization, typed, kept):
    assert operations.create_company(organization, name=typed).name == kept


def test_a_name_of_nothing_but_such_characters_is_refused(organization, company):
    with pytest.raises(operations.NameMissing):
        operations.create_company(organization, name="(*)")
    with pytest.raises(operations.NameMissing):
        operations.rename_company(company, name="(*)")


def test_renaming_leaves_the_connections_alone(organization, company, alice):
    ConnectionFactory(company=company)
    before = list(Connection.objects.values())

    operations.rename_company(company, name="Westgate Roasters", actor=alice)

    assert Company.objects.get().name == "Westgate Roasters"
    assert list(Connection.objects.values()) == before
    event = Event.objects.get()
    assert event.type == "company.renamed"
    assert event.payload == {"from": "Eastgate Roasters", "to": "Westgate Roasters"}


def test_renaming_to_the_same_name_is_no_event(organization, company):
    operations.rename_company(company, name=" Eastgate  Roasters ")

    assert not Event.objects.exists()
