"""Delete an organization for good: an operator's act, which nobody does by mistake."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from companies import operations, tenancy
from companies.models import Company, Organization
from connections.models import StoredCredentials
from sync.deletion import delete_company


class Command(BaseCommand):
    help = (
        "Delete an organization with its companies, its data and its keys; nothing brings it back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="what stands in the address of its pages")
        parser.add_argument("--name", required=True, help="its name, to make sure")
        parser.add_argument(
            "--moved",
            action="store_true",
            help="it was imported elsewhere: leave the platforms' authorizations to it",
        )

    def handle(self, *, slug: str, name: str, moved: bool, **_: Any) -> None:
        with tenancy.system():
            found = Organization.objects.filter(slug=slug, name=name).values_list("pk", flat=True)
            organization_id = found.first()
        if organization_id is None:
            raise CommandError(f"There is no organization “{slug}” with the name “{name}”.")
        with tenancy.entered(organization_id):
            organization = Organization.objects.get(pk=organization_id)
            companies = list(Company.objects.within(organization).order_by("pk"))
            if moved:
                # What is not here any more is not given back.
                StoredCredentials.objects.within(organization).delete()
        for company in companies:
            delete_company(company, actor=None)
        operations.delete_organization(organization, actor=None)
        self.stdout.write(f"“{name}” was deleted with {len(companies)} companies.")
