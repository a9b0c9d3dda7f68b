"""Builders of the least; a test says only what matters to it."""

import hashlib
from datetime import timedelta
from uuid import uuid4

import factory
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone
from factory.django import DjangoModelFactory

from companies import tenancy
from companies.models import Company, Membership, Organization, User
from companies.roles import Role
from connections.models import Connection, LinkUrl
from files.models import UploadedFile
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


class UploadedFileFactory(TenantFactory[UploadedFile]):
    """A file that was stored, with what is in it."""

    class Meta:
        model = UploadedFile

    company = factory.SubFactory(CompanyFactory)
    organization = factory.SelfAttribute("company.organization")
    upload_id = factory.LazyFunction(uuid4)
    name = "accounts.csv"
    content_type = "text/csv"
    content = b"date,amount\n"
    source = UploadedFile.Source.PORTAL

    @classmethod
    def _create(cls, model_class, *args, content, **kwargs):
        described = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        file = super()._create(model_class, *args, **described, **kwargs)
        storages["files"].save(file.path, ContentFile(content))
        return file
