"""A vendor's connection from registration to its end, through the product's own doors.

Settings → Integrations, the Link page, the vendor's consent page, the engine: everything but the
vendor is what runs in production, and the vendor is held to its published contract.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urlsplit

import msgspec
import pytest
from django.test import Client
from django.urls import reverse

from companies import tenancy
from connections import links, oauth
from connections.models import Connection
from sync import engine, figures, operations
from sync.models import Pull, PullStatus, Record, UnknownField
from tests.factories import CompanyFactory, MembershipFactory, OrganizationFactory, UserFactory
from tests.link.test_link_pages import press, text
from tests.vendors.acts import Acts, QuickBooksActs, XeroActs

pytestmark = [pytest.mark.full, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=[XeroActs, QuickBooksActs], ids=lambda each: each.key)
def vendor(request, settings) -> Iterator[Acts]:
    with request.param() as acts:
        settings.PLATFORM_URLS = {acts.key: acts.server.url}
        yield acts
        assert acts.server.violations == []


class Office:
    """An organization that uses one vendor, and a customer of it."""

    def __init__(self, vendor: Acts) -> None:
        self.vendor = vendor
        user = UserFactory()
        self.organization = OrganizationFactory(name="Harbour Lending")
        MembershipFactory(organization=self.organization, user=user)
        self.company = CompanyFactory(organization=self.organization, name="Eastgate Roasters")
        self.staff, self.customer = Client(), Client(enforce_csrf_checks=True)
        self.staff.force_login(user)

    def url(self, name: str) -> str:
        return reverse(f"connections:{name}", args=[self.organization.slug, self.vendor.key])

    def register(self) -> None:
        server = self.vendor.server
        form = {
            "client_id": server.client_id,
            "client_secret": server.client_secret,
            "environment": "production",
            "scopes": "",
        }
        self.staff.post(self.url("integration"), form)
        checked = self.staff.post(self.url("integration-check"), follow=True)
        assert "knows this client id and secret" in checked.content.decode()
        self.staff.post(self.url("integration-switch"), {"state": "on"})

    def link(self, *organizations: str) -> str:
        """Walk the customer's way; return the page it ends on."""
        with tenancy.entered(self.organization.pk):
            path = urlsplit(links.link_url(self.company)).path
        away = press(self.customer, f"{path}choose/", f"{path}authorize/", platform=self.vendor.key)
        assert away.status_code == 303, away.content
        back = self.vendor.consent(away.headers["Location"], *organizations)
        returned = self.customer.get(f"/link/callback/{self.vendor.key}", back)
        assert returned.status_code == 303, returned.content
        return returned.headers["Location"]

    @property
    def connection(self) -> Connection:
        with tenancy.entered(self.organization.pk):
            return Connection.objects.get()

    def pull(self, *data_types: str) -> dict[str, Pull]:
        """Refresh what is asked for, or carry out what waits; return how each type last ended."""
        connection = self.connection
        with tenancy.entered(self.organization.pk):
            for data_type in data_types:
                operations.queue_pull(connection, data_type, trigger=Pull.Trigger.MANUAL)
        self.vendor.server.requests.clear()
        engine.run_connection(self.organization.pk, connection.pk)
        with tenancy.entered(self.organization.pk):
            return {pull.data_type: pull for pull in Pull.objects.order_by("requested_at")}

    def record(self, data_type: str, source_id: str) -> Record:
        with tenancy.entered(self.organization.pk):
            return Record.objects.get(data_type=data_type, source_id=source_id)

    def asked(self) -> Counter[str]:
        """Count the requests for data since the last pull began, by path."""
        return Counter(
            asked.path for asked in self.vendor.server.requests if self.vendor.is_data(asked.path)
        )


@pytest.fixture
def office(vendor) -> Office:
    office = Office(vendor)
    office.register()
    return office


@pytest.fixture
def linked(office) -> Office:
    assert "is linked to" in text(office.customer.get(office.link()))
    return office


def test_first_pull_brings_every_data_type_once(linked, vendor):
    pulls = linked.pull()

    assert set(pulls) == {str(each) for each in vendor.platform.data_types}
    assert {pull.status for pull in pulls.values()} == {PullStatus.COMPLETE}, {
        pull.data_type: pull.error_detail or pull.error_message
        for pull in pulls.values()
        if pull.status != PullStatus.COMPLETE
    }
    assert not any(pull.rejected for pull in pulls.values())
    with tenancy.entered(linked.organization.pk):
        assert not UnknownField.objects.exists()
    print(f"\n{vendor.key}: first pull, {sum(pull.fetched for pull in pulls.values())} records")
    print(f"  requests {sum(linked.asked().values())}, at least {vendor.least_requests(pulls)}")
    assert sum(linked.asked().values()) <= vendor.least_requests(pulls) + vendor.extra_requests


def test_figures_on_the_page_are_those_of_the_ledger(linked, vendor):
    linked.pull()

    with tenancy.entered(linked.organization.pk):
        shown = figures.key_figures(linked.company)

    revenue, equity = shown.revenue, shown.equity
    assert revenue.first_day
    assert revenue.last_day
    assert equity.last_day
    print(f"\n{vendor.key}: revenue {revenue.amount}, equity {equity.amount}")
    assert revenue.amount == vendor.revenue(revenue.first_day, revenue.last_day) > 0
    assert equity.amount == vendor.equity(equity.last_day) > 0


def test_later_pull_fetches_only_what_changed(linked, vendor):
    linked.pull()
    vendor.server.clock.advance(minutes=5)
    changed = vendor.add_invoice(Decimal("120.00"))
    vendor.server.clock.advance(minutes=5)

    pull = linked.pull("invoices")["invoices"]

    print(f"\n{vendor.key}: one invoice changed, {sum(linked.asked().values())} request(s)")
    assert not pull.is_full
    assert (pull.status, pull.added, pull.changed, pull.deleted) == ("Complete", 1, 0, 0)
    assert pull.fetched <= 2
    assert sum(linked.asked().values()) <= vendor.incremental_requests
    assert not linked.record("invoices", changed).is_deleted


def test_void_is_shown_and_deletion_flagged(linked, vendor):
    doomed, voided = vendor.add_draft(), vendor.add_invoice(Decimal("75.00"))
    linked.pull()
    vendor.server.clock.advance(minutes=5)
    vendor.delete_invoice(doomed)
    vendor.void_invoice(voided)
    vendor.server.clock.advance(minutes=5)

    pull = linked.pull("invoices")["invoices"]

    assert (pull.status, pull.deleted) == ("Complete", 1), pull.error_detail
    assert linked.record("invoices", doomed).is_deleted
    kept = linked.record("invoices", voided)
    assert not kept.is_deleted
    assert msgspec.json.decode(kept.body.encode())["status"] == "Void"


def test_revoked_turns_red_and_can_be_linked_again(linked, vendor):
    linked.pull()
    vendor.revoke()

    pull = linked.pull("invoices")["invoices"]

    assert pull.status == PullStatus.AUTH_ERROR
    assert linked.connection.mark == "deauthorized"

    first = linked.connection.pk
    assert "is linked to" in text(linked.customer.get(linked.link()))
    assert (linked.connection.pk, linked.connection.mark) == (first, "linked")
    again = linked.pull()["invoices"]  # linking again pulls by itself
    assert (again.status, again.added) == (PullStatus.COMPLETE, 0)


def test_expired_access_is_renewed_on_the_way(linked, vendor):
    linked.pull()
    vendor.server.oauth.expire_access()

    assert linked.pull("invoices")["invoices"].status == PullStatus.COMPLETE
    assert linked.connection.mark == "linked"


def test_used_up_day_parks_the_pull(linked, vendor):
    linked.pull()
    if not vendor.use_up_day():
        pytest.skip("the vendor has no daily limit that it tells of")

    pull = linked.pull("invoices")["invoices"]

    assert pull.status == PullStatus.QUEUED, pull.error_detail
    assert pull.status_description.startswith(f"Waits for {vendor.platform.name} until")
    assert pull.not_before


def test_unlinking_gives_the_authorization_back(linked, vendor):
    linked.pull()
    path = urlsplit(links_of(linked)).path

    press(linked.customer, path, f"{path}disconnect/", connection=str(linked.connection.pk))

    assert linked.connection.mark == "unlinked"
    assert not vendor.reaches_anything()


def links_of(office: Office) -> str:
    with tenancy.entered(office.organization.pk):
        return links.link_url(office.company)


def test_code_of_another_browser_links_nothing(office, vendor):
    path = urlsplit(links_of(office)).path
    away = press(office.customer, f"{path}choose/", f"{path}authorize/", platform=vendor.key)
    back = vendor.consent(away.headers["Location"])

    response = Client().get(f"/link/callback/{vendor.key}", back)

    assert response.status_code == 400
    with pytest.raises(oauth.NotOurs):
        oauth.find_attempt(platform=vendor.key, state=back["state"], browser="")
    assert not office.connection.is_linked
