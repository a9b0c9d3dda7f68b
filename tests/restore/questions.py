"""What the drill asks and does through the application's own operations."""

from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database

from companies import tenancy
from companies.models import Company, Organization
from companies.operations import create_company
from connections.models import Connection
from files import operations as files
from files.models import UploadedFile
from sync import operations
from sync.models import Pull
from webhooks.models import Delivery
from webhooks.operations import create_consumer


def subscribe(organization_id: UUID, url: str, event_types: list[str]) -> None:
    with tenancy.entered(organization_id):
        organization = Organization.objects.get(pk=organization_id)
    create_consumer(organization, url=url, event_types=event_types, actor=None)


def upload(organization_id: UUID) -> None:
    with tenancy.entered(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        company = create_company(organization, name="Files only")
    document = SimpleUploadedFile("accounts.csv", b"date,amount\n2026-10-02,12.50\n")
    assert files.store(company, [document], source=UploadedFile.Source.PORTAL).taken


def refresh(company: Company) -> None:
    operations.refresh_company(company, requested_by=None)


def connection_of(company: Company) -> UUID:
    with tenancy.entered(company.organization_id):
        return Connection.objects.get(company=company).pk


def messages(organization_id: UUID, status: str | None) -> set[str]:
    """Return the messages' ids, of one status or of all."""
    with tenancy.entered(organization_id):
        deliveries = Delivery.objects.within(organization_id)
        found = deliveries.filter(status=status) if status else deliveries
        return {each.webhook_id for each in found}


def how_it_stands(connection_id: UUID) -> tuple[str, str, int]:
    """Return a connection's status, what its pulls said of it, and in how many it was tried."""
    with tenancy.system():
        organization_id = Connection.objects.get(pk=connection_id).organization_id
    with tenancy.entered(organization_id):
        connection = Connection.objects.get(pk=connection_id)
        tried = Pull.objects.filter(connection=connection, status="AuthError", attempts__gt=0)
        words = tried.order_by("-completed_at").values_list("error_message", flat=True)
        return connection.status, " ".join(words[:1]), tried.count()


def hang_up() -> None:
    database.close()
    close_pool = getattr(database, "close_pool", None)
    if close_pool is not None:
        close_pool()
