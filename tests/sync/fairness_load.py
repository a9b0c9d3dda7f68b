"""Two organizations for `fairness`, in a Django that is set up."""

import random
from uuid import uuid4

from django.db.models import F

from companies import operations as companies
from companies import tenancy
from companies.models import Company, Organization, User
from connections import sealing
from connections.models import Connection, StoredCredentials
from connections.schemas import DataType
from link.sandbox import link_sandbox
from sync import operations
from sync.models import Pull

_TYPES = [str(data_type) for data_type in DataType]
_CLICKED = 10


class Customer:
    """An organization with companies that are all linked to one business of the sandbox."""

    def __init__(self, name: str, *, count: int, business: str) -> None:
        user = User.objects.create_user(f"{uuid4().hex}@example.com", name=name)
        self._organization: Organization = companies.create_organization(user, name)
        first = self._company(1)
        connection = link_sandbox(first, business=business)
        if connection is None:
            raise RuntimeError("the sandbox did not authorize")
        self.companies = [first]
        self.connections = [connection]
        for number in range(2, count + 1):
            self._copy(connection, number)

    def refresh_all(self) -> int:
        for company in self.companies:
            operations.refresh_company(company)
        return self.waiting()

    def click(self, chance: random.Random) -> None:
        """Ask for one data type of one company, that is not being pulled already."""
        while True:
            connection, data_type = chance.choice(self.connections), chance.choice(_TYPES)
            try:
                operations.queue_pull(connection, data_type, trigger=Pull.Trigger.MANUAL)
            except operations.AlreadyRunning:
                continue
            return

    def waiting(self) -> int:
        with tenancy.entered(self._organization.pk):
            return Pull.objects.active().count()

    def delays(self) -> list[float]:
        """Return the seconds from each click to when a worker took the pull."""
        with tenancy.entered(self._organization.pk):
            clicked = Pull.objects.filter(trigger=Pull.Trigger.MANUAL).exclude(started_at=None)
            waits = clicked.annotate(wait=F("started_at") - F("requested_at"))
            return [wait.total_seconds() for wait in waits.values_list("wait", flat=True)]

    def _company(self, number: int) -> Company:
        with tenancy.entered(self._organization.pk):
            return companies.create_company(self._organization, name=f"Company {number}")

    def _copy(self, linked: Connection, number: int) -> None:
        """Link another company by the same grant: 280 consents would take minutes."""
        credentials = sealing.load(linked).credentials
        company = self._company(number)
        with tenancy.entered(self._organization.pk):
            connection = Connection.objects.create(
                organization=self._organization,
                company=company,
                platform=linked.platform,
                source_type=linked.source_type,
                status=Connection.Status.LINKED,
            )
            StoredCredentials.objects.create(
                organization=self._organization,
                connection=connection,
                **sealing.sealed(connection, credentials),
            )
        self.companies.append(company)
        self.connections.append(connection)


def link(*, pulls: int) -> tuple[Customer, Customer]:
    """Return who has so many pulls to ask for, and who will click."""
    crowd = Customer("Crowd", count=-(-pulls // len(_TYPES)), business="busy")
    return crowd, Customer("Alone", count=_CLICKED, business="small")
