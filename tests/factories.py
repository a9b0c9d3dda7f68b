"""Builders of the least; a test says only what matters to it."""

from datetime import timedelta
from uuid import uuid4

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from companies import tenancy
from companies.models import Company, Membership, Organization, User
from companies.roles import Role
from connections.models import Connection, LinkUrl
from sync.models import DataStatus, Pull, PullStatus


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence("person{}@example.com".format)
    name = "Pat Example"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return model_class.objects.create_user(*args, **kwargs)


class TenantFactory[M](DjangoModelFactory[M]):
    """Writes inside the row's organization, as everybody must."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        with tenancy.entered(kwargs["organization"].pk):
            return super()._create(model_class, *args, **kwargs)


class OrganizationFactory(DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    id = factory.LazyFunction(uuid4)
    slug = factory.Sequence("organization-{}".format)
    name = "Some Organization"

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        with tenancy.entered(kwargs["id"]):
            return super()._create(model_class, *args, **kwargs)


class MembershipFactory(TenantFactory[Membership]):
    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.ADMINISTRATOR


class CompanyFactory(TenantFactory[Company]):
    class Meta:
        model = Company

    organization = factory.SubFactory(OrganizationFactory)
    name = "Bakery"


class ConnectionFactory(TenantFactory[Connection]):
    class Meta:
        model = Connection

    company = factory.SubFactory(CompanyFactory)
    organization = factory.SelfAttribute("company.organization")
    platform = "sandbox"
    source_type = "Accounting"
    status = Connection.Status.LINKED


class LinkUrlFactory(TenantFactory[LinkUrl]):
    class Meta:
        model = LinkUrl

    company = factory.SubFactory(CompanyFactory)
    organization = factory.SelfAttribute("company.organization")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))


class PullFactory(TenantFactory[Pull]):
    class Meta:
        model = Pull

    connection = factory.SubFactory(ConnectionFactory)
    company = factory.SelfAttribute("connection.company")
    organization = factory.SelfAttribute("connection.organization")
    data_type = "invoices"
    trigger = Pull.Trigger.MANUAL
    status = PullStatus.QUEUED
    batch = factory.LazyFunction(uuid4)


class DataStatusFactory(TenantFactory[DataStatus]):
    class Meta:
        model = DataStatus

    connection = factory.SubFactory(ConnectionFactory)
    organization = factory.SelfAttribute("connection.organization")
    data_type = "invoices"
