"""What is going on while things break: companies come, are pulled again and again, and go.

Requests go over the API, as a program's would; whatever it accepts is remembered, to be held
against the database in the end.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from random import Random
from uuid import UUID

import httpx
from django.db import Error as DatabaseError
from django.db import connection as database
from django.db.models import Count, Sum

from api.keys import create_key
from chaos.control import Control
from chaos.sink import Sink
from companies import operations as companies
from companies import tenancy
from companies.models import Company, Organization, User
from link.sandbox import link_sandbox
from sync.models import ACTIVE, Pull
from webhooks import operations as webhooks
from webhooks.catalog import PUBLIC_TYPES
from webhooks.sealing import secret_of

ORGANIZATIONS = 4
#: So many pulls wait or run as a rule; more would only make everything wait.
_BUSY = 120
_PAUSE = 0.1
_REQUEST_SECONDS = 10.0
#: Of all that is done, how much is to let a company go.
_TURNOVER = 0.05

_NOT_FOUND = 404
_LAST_TRIES = 12

_REFRESHED = ("invoices", "bills", "customers", "payments", "balanceSheet")
_SCHEDULED = ("invoices", "bills", "items", "suppliers")
_BUSINESSES = ("busy", "awkward", "awkward", "small", "small", "small")

#: Where nothing of the type is under way: what is would count as the run of that hour.
_MAKE_DUE = """
UPDATE sync_datastatus d SET next_due_at = statement_timestamp(), frequency = 'daily'
 WHERE connection_id = %s AND data_type = %s AND failures = 0 AND latest_pull_id IS NOT NULL
   AND (next_due_at IS NULL OR next_due_at > statement_timestamp()) AND NOT EXISTS (
    SELECT 1 FROM sync_pull p
     WHERE p.connection_id = d.connection_id AND p.data_type = d.data_type AND p.status = ANY(%s)
 )
RETURNING statement_timestamp()
"""


@dataclass(eq=False)
class Book:
    """One linked company, and under which authorizations the platform knows it."""

    company: Company
    connection_id: UUID
    grants: list[str]
    business: str
    linked_at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment at which a data type was due."""

    connection_id: UUID
    data_type: str
    at: datetime


@dataclass(eq=False)
class Tenant:
    organization: Organization
    user: User
    #: In every name of its companies, and nowhere else.
    canary: str
    path: str
    api_key: str
    secrets: list[str]
    books: list[Book] = field(default_factory=list)


class Scenario:
    """Keeps an installation busy from a thread of its own."""

    def __init__(
        self, control: Control, sink: Sink, *, web_url: str, random: Random, live: int
    ) -> None:
        self._control = control
        self._random = random
        self._live = live
        self._numbers = count(1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._http = httpx.Client(
            base_url=f"{web_url}/api", trust_env=False, timeout=_REQUEST_SECONDS
        )
        self.lock = threading.Lock()
        self.tenants = [self._tenant(number, sink) for number in range(ORGANIZATIONS)]
        #: Pulls that the API said it had queued.
        self.accepted: dict[UUID, set[str]] = {each.organization.pk: set() for each in self.tenants}
        self.company_of: dict[str, str] = {}
        #: What the consumers of webhooks want, in the product's own words.
        self.told_types = [str(ours) for ours in PUBLIC_TYPES]
        self.slots: list[Slot] = []
        self.deleted: list[UUID] = []
        #: What is to be deleted: asked for again until it is, since an answer may get lost.
        self._leaving: list[tuple[Tenant, Company]] = []
        #: How much went with them.
        self.pulls_deleted = 0
        self.records_deleted = 0
        #: How often a setting of each organization was changed, for sure.
        self.changed: Counter[UUID] = Counter()
        self.requests = 0
        self.refused = 0
        self.mishaps: list[str] = []

    @property
    def books(self) -> list[Book]:
        with self.lock:
            return [book for tenant in self.tenants for book in tenant.books]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(120)
        for _ in range(_LAST_TRIES):
            with suppress(httpx.HTTPError):
                self._see_off()

    def refresh_everything(self) -> None:
        """Ask for everything once more, when all is well again."""
        for tenant in self.tenants:
            for book in list(tenant.books):
                answer = self._post(tenant, f"/companies/{book.company.pk}/data/all")
                answer.raise_for_status()

    def _run(self) -> None:
        while not self._stop.wait(_PAUSE):
            # The database goes away now and then: what was not done is done another time.
            with suppress(DatabaseError, httpx.HTTPError):
                self._step()
                continue
            with suppress(DatabaseError):
                database.close()

    def _step(self) -> None:
        self._see_off()
        tenant = self._random.choice(self.tenants)
        if self._active(tenant) * ORGANIZATIONS > _BUSY:
            return
        oldest = min(tenant.books, key=lambda book: book.linked_at, default=None)
        if len(tenant.books) * ORGANIZATIONS < self._live:
            self._link(tenant)
        elif oldest and self._random.random() < _TURNOVER:
            self._delete(tenant, oldest)
        else:
            book = self._random.choice(tenant.books)
            self._random.choice(self._actions)(tenant, book)

    @property
    def _actions(self) -> list[Callable[[Tenant, Book], None]]:
        return [
            self._refresh_all, self._refresh_one, self._refresh_one, self._make_due,
            self._change_setting,
        ]  # fmt: skip

    def _tenant(self, number: int, sink: Sink) -> Tenant:
        canary = f"Canary{number}x{self._random.randrange(10**9)}"
        user = User.objects.create_user(f"chaos{number}@example.com", name=f"{canary} Person")
        organization = companies.create_organization(user, f"{canary} Lending")
        path = f"/hook/{number}"
        _, api_key = create_key(organization, name="chaos", actor=user)
        consumer = webhooks.create_consumer(
            organization,
            url=sink.url(path),
            event_types=sorted(set(PUBLIC_TYPES.values())),
            actor=user,
        )
        secret = secret_of(consumer)
        sink.trust(path, secret)
        return Tenant(organization, user, canary, path, api_key, [api_key, secret])

    def _active(self, tenant: Tenant) -> int:
        with tenancy.entered(tenant.organization.pk):
            return Pull.objects.within(tenant.organization).filter(status__in=ACTIVE).count()

    def _link(self, tenant: Tenant) -> None:
        """Link a new company; its first pulls are queued by that."""
        business = self._random.choice(_BUSINESSES)
        with tenancy.entered(tenant.organization.pk):
            company = companies.create_company(
                tenant.organization,
                name=f"{business.title()} {tenant.canary} {next(self._numbers)}",
                created_by=tenant.user,
            )
        known = {grant["id"] for grant in self._control.grants()}
        connection = link_sandbox(company, business=business, actor=tenant.user)
        if connection is None:  # the platform did not answer; a person would try again
            self._leaving.append((tenant, company))
            return
        grants = [each["id"] for each in self._control.grants() if each["id"] not in known]
        with self.lock:
            tenant.books.append(Book(company, connection.pk, grants, business))

    def _delete(self, tenant: Tenant, book: Book) -> None:
        with tenancy.entered(tenant.organization.pk):
            ended = Pull.objects.filter(company=book.company, completed_at__isnull=False)
            totals = ended.aggregate(pulls=Count("pk"), records=Sum("fetched"))
        with self.lock:
            tenant.books.remove(book)
        self._leaving.append((tenant, book.company))
        self.pulls_deleted += totals["pulls"]
        self.records_deleted += totals["records"] or 0

    def _see_off(self) -> None:
        """Ask for all deletions that are not known to be done."""
        for each in list(self._leaving):
            tenant, company = each
            answer = self._http.delete(f"/companies/{company.pk}", headers=_as(tenant))
            self._count(answer)
            if answer.is_success or answer.status_code == _NOT_FOUND:
                self._leaving.remove(each)
                self.deleted.append(company.pk)

    def _refresh_all(self, tenant: Tenant, book: Book) -> None:
        self._post(tenant, f"/companies/{book.company.pk}/data/all")

    def _refresh_one(self, tenant: Tenant, book: Book) -> None:
        data_type = self._random.choice(_REFRESHED)
        answer = self._post(tenant, f"/companies/{book.company.pk}/data/queue/{data_type}")
        if answer.is_success:
            pull = answer.json()["id"]
            self.accepted[tenant.organization.pk].add(pull)
            self.company_of[pull] = str(book.company.pk)

    def _make_due(self, tenant: Tenant, book: Book) -> None:
        """Have the hour of a scheduled data type come now."""
        data_type = self._random.choice(_SCHEDULED)
        with tenancy.entered(tenant.organization.pk), database.cursor() as cursor:
            cursor.execute(
                _MAKE_DUE, [book.connection_id, data_type, [str(each) for each in ACTIVE]]
            )
            made = cursor.fetchone()
        if made:
            self.slots.append(Slot(book.connection_id, data_type, made[0]))

    def _change_setting(self, tenant: Tenant, _book: Book) -> None:
        on = bool(self.changed[tenant.organization.pk] % 2)
        companies.switch_failure_emails(tenant.organization, on=on, actor=tenant.user)
        self.changed[tenant.organization.pk] += 1

    def _post(self, tenant: Tenant, path: str) -> httpx.Response:
        answer = self._http.post(path, headers=_as(tenant))
        self._count(answer)
        return answer

    def _count(self, answer: httpx.Response) -> None:
        self.requests += 1
        if answer.is_server_error:
            self.refused += 1
            if answer.status_code != 503:  # noqa: PLR2004 - the honest one
                self.mishaps.append(f"{answer.request.url.path}: {answer.status_code}")


def _as(tenant: Tenant) -> dict[str, str]:
    return {"Authorization": f"Bearer {tenant.api_key}"}
