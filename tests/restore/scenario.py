"""What is going on before and after: companies are linked to the sandbox, and refreshed."""

from itertools import count, cycle
from uuid import UUID

from chaos.control import Control
from companies import operations as companies
from companies import tenancy
from companies.models import Company, User
from connections.models import Connection
from link.sandbox import link_sandbox
from sync import operations

BUSINESSES = ("busy", "awkward", "small")


class Scenario:
    """An organization whose companies are linked to the sandbox, one after the other."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._user = User.objects.create_user("drill@example.com", name="Drill")
        self._organization = companies.create_organization(self._user, "Drill Lending")
        self._businesses = cycle(BUSINESSES)
        self._numbers = count(1)
        self.companies: list[Company] = []
        #: The sandbox's grant of each connection.
        self.grants: dict[str, str] = {}

    @property
    def organization_id(self) -> UUID:
        return self._organization.pk

    def link_another(self) -> None:
        """Link a new company; its first pulls are queued by that."""
        business = next(self._businesses)
        with tenancy.entered(self.organization_id):
            company = companies.create_company(
                self._organization,
                name=f"{business.title()} {next(self._numbers)}",
                created_by=self._user,
            )
        known = {grant["id"] for grant in self._control.grants()}
        connection = link_sandbox(company, business=business, actor=self._user)
        if connection is None:
            raise RuntimeError("the sandbox did not authorize")
        (grant,) = {grant["id"] for grant in self._control.grants()} - known
        self.grants[str(connection.pk)] = grant
        self.companies.append(company)

    def refresh_all(self) -> None:
        for company in self.companies:
            operations.refresh_company(company, requested_by=self._user)

    def linked(self) -> int:
        with tenancy.entered(self.organization_id):
            return Connection.objects.within(self.organization_id).linked().count()
