"""PostgreSQL shows an organization its own rows only, whatever Python asks for."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from companies import tenancy
from companies.models import Company, Event, Membership, Organization
from companies.rls import RowLevelSecurity
from connections.models import Connection
from tests.factories import CompanyFactory, ConnectionFactory

#: Tables that hold nothing of an organization, each with its reason.
SHARED = {
    "admin.LogEntry": "the framework's, unused: staff write the organization's audit log",
    "companies.User": "a person may belong to several organizations",
    "account.EmailAddress": "a person's address",
    "account.EmailConfirmation": "a person's address",
    "mfa.Authenticator": "a person's second step of signing in",
    "usersessions.UserSession": "a person's browser",
    "auth.Group": "the framework's, unused",
    "auth.Permission": "the framework's, unused",
    "companies.User_groups": "the framework's, unused",
    "companies.User_user_permissions": "the framework's, unused",
    "auth.Group_permissions": "the framework's, unused",
    "contenttypes.ContentType": "names of tables",
    "sessions.Session": "a person's browser",
}


def all_models():
    return apps.get_models(include_auto_created=True)


@pytest.mark.parametrize("model", all_models(), ids=lambda model: model._meta.label)
def test_every_table_is_isolated_or_known_to_be_shared(db, model):
    label = model._meta.label
    if label in SHARED:
        return
    if not model._meta.managed:  # a view: it shows an asker what its tables would
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 'security_invoker=true' = ANY(reloptions) AND relkind = 'v' "
                "FROM pg_class WHERE oid = %s::regclass",
                [model._meta.db_table],
            )
            assert cursor.fetchone() == (True,)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity AND relforcerowsecurity, pg_get_userbyid(relowner), "
            "(SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) "
            "FROM pg_class c WHERE oid = %s::regclass",
            [model._meta.db_table],
        )
        is_forced, owner, policies = cursor.fetchone()

    assert any(isinstance(c, RowLevelSecurity) for c in model._meta.constraints)
    assert is_forced
    assert policies >= 1
    assert owner not in {"ledgerport_app", "ledgerport_system"}


def test_the_app_runs_as_a_role_that_owns_nothing(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb "
            "FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("ledgerport_app", False, False, False, False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)


def test_outside_an_organization_nothing_is_seen(db):
    CompanyFactory()

    assert Company.objects.count() == 0
    assert Organization.objects.count() == 0


def test_inside_an_organization_only_its_own_rows_are_seen(organization, company):
    CompanyFactory()

    assert list(Company.objects.all()) == [company]


def test_a_row_of_another_organization_cannot_be_written(organization, other_organization):
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Company.objects.create(organization=other_organization, name="Stolen")


def test_a_parent_of_another_organization_is_refused(organization):
    foreign = CompanyFactory()

    with pytest.raises(DatabaseError, match="connection_same_organization"), transaction.atomic():
        Connection.objects.create(
            organization=organization, company=foreign, platform="sandbox", source_type="Accounting"
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_nested_organization_gives_the_outer_one_back(organization, company, other_organization):
    with tenancy.entered(other_organization.pk):
        assert not Company.objects.exists()

    assert Company.objects.get() == company


def test_a_failed_nested_block_gives_the_outer_one_back(organization, company, other_organization):
    with pytest.raises(RuntimeError), tenancy.entered(other_organization.pk):
        raise RuntimeError

    assert Company.objects.get() == company


def test_a_person_sees_their_organizations_and_nothing_in_them(alice, organization, company, db):
    with tenancy.entered(OtherThan(organization)), tenancy.as_user(alice.pk):
        assert [m.organization for m in Membership.objects.of(alice)] == [organization]
        assert not Company.objects.exists()


def OtherThan(organization):  # noqa: N802 - reads as a value
    return type(organization.pk)(int=organization.pk.int ^ 1)


def test_the_system_reads_what_spans_organizations_and_writes_nothing(organization):
    mine, foreign = ConnectionFactory(), ConnectionFactory()

    with tenancy.system():
        assert {c.pk for c in Connection.objects.all()} >= {mine.pk, foreign.pk}
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Connection.objects.update(platform="x")
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            list(Company.objects.values("name"))
        assert list(Company.objects.filter(pk=foreign.company_id).values_list("organization_id"))
    assert Company.objects.count() == 0


def test_what_happened_is_never_changed(organization, company):
    Event.objects.create(organization=organization, type="company.created", summary="created")

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Event.objects.update(summary="something else")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Event.objects.all().delete()
    assert isinstance(Event._meta.get_field("company_id"), models.UUIDField)
