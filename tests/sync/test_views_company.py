"""The summary of a company, for everybody, in every state."""

import datetime as dt
import re

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from companies.models import Event, EventType, Membership
from companies.roles import Role
from sync.models import Frequency, Pull, PullStatus
from tests.factories import CompanyFactory, ConnectionFactory
from tests.sync.books import a_profit_and_loss, a_pull, a_status, an_invoice

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company, first_linked_at=timezone.now())


def url(name, company, **kwargs):
    place = {"organization": company.organization.slug, "company_id": company.pk}
    return reverse(f"sync:{name}", kwargs=place | kwargs)


def as_role(membership, role):
    Membership.objects.filter(pk=membership.pk).update(role=role)


@pytest.mark.parametrize("role", Role)
def test_everybody_sees_the_summary_and_only_some_its_figures(client, company, membership, role):
    as_role(membership, role)

    page = client.get(url("summary", company)).content.decode()

    assert "Eastgate Roasters" in page
    assert ("Your role does not include financial data" in page) is (role == Role.ONBOARDING)
    assert (url("data", company) in page) is (role != Role.ONBOARDING)
    assert (url("company-settings", company) in page) is (
        role in {Role.DEVELOPER, Role.ADMINISTRATOR}
    )


def test_a_company_never_pulled_says_what_happens_next(client, company):
    page = client.get(url("summary", company)).content.decode()

    assert "Never pulled" in page
    assert "No connection yet" in page
    assert "Nothing was pulled yet" in page


PAGES = {
    "summary": {},
    "data": {},
    "data-type": {"data_type": "invoices"},
    "record": {"data_type": "invoices", "source_id": "INV-1"},
    "history": {},
    "company-settings": {},
    "delete-company": {},
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_nothing_has_an_inline_script_or_style(client, company, connection, name, headers):
    a_pull(connection, status=PullStatus.FETCHING)
    a_status(connection, frequency=Frequency.DAILY)
    a_profit_and_loss(connection, months=12)
    an_invoice(connection, "INV-1")

    answer = client.get(url(name, company, **PAGES[name]), headers=headers)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert not re.search(r"<style|\sstyle=|<script(?! src=)|\son\w+=|javascript:", page)


def test_figures_link_to_the_statement_they_came_from(client, company, connection):
    a_profit_and_loss(connection, months=4)

    page = client.get(url("summary", company)).content.decode()

    statement = url("data-type", company, data_type="profitAndLoss")
    assert f'{statement}?connection={connection.pk}" title="Open the statement">Revenue</a>' in page
    assert "£4,011" in page
    assert '<svg class="chart wide"' in page
    assert "No balance sheet was pulled yet" in page


def test_pulls_freshness_and_activity_are_shown(client, company, connection, alice):
    a_pull(connection, requested_by=alice)
    a_pull(
        connection,
        "bills",
        PullStatus.FETCH_ERROR,
        error_message="Sandbox cannot be reached. Ledgerport tries again by itself at 10:05.",
    )
    a_status(
        connection,
        frequency=Frequency.DAILY,
        age=dt.timedelta(days=2),
        next_due_at=timezone.now() + dt.timedelta(hours=3, minutes=1),
    )
    Event.objects.create(
        organization=company.organization,
        company_id=company.pk,
        type=EventType.COMPANY_RENAMED,
        actor=alice,
        summary="renamed the company from “Old”",
    )

    page = client.get(url("summary", company)).content.decode()

    assert "Refreshed by hand by Alice Archer" in page
    assert "tries again by itself at 10:05" in page
    assert re.search(
        r'data-tone="amber"><span>Invoices<small>.*</small></span><meter [^>]*value="0"', page
    )
    assert re.search(r"next pull <time[^>]*>in 3 h</time>", page)
    assert "<b>Alice Archer</b> renamed the company from “Old”" in page


def test_single_pulls_do_not_crowd_the_activity(client, company, connection):
    Event.objects.create(
        organization=company.organization,
        company_id=company.pk,
        type=EventType.PULL_FINISHED,
        summary="Invoices: 12 added",
    )

    assert "Invoices: 12 added" not in client.get(url("summary", company)).content.decode()


def test_the_summary_asks_the_same_of_the_database_whatever_there_is(
    client, company, connection, alice, django_assert_max_num_queries
):
    for number in range(30):
        a_pull(connection, "invoices", requested_by=alice, progress=number)
        Event.objects.create(
            organization=company.organization,
            company_id=company.pk,
            type=EventType.REFRESH_REQUESTED,
            actor=alice,
            summary=f"refresh {number}",
        )

    with django_assert_max_num_queries(24):
        client.get(url("summary", company))


def test_strangers_learn_nothing(client, bob, other_organization, company):
    client.force_login(bob)

    assert client.get(url("summary", company)).status_code == 404


def test_a_company_of_another_organization_is_not_here(client, organization):
    foreign = CompanyFactory()
    place = {"organization": organization.slug, "company_id": foreign.pk}

    assert client.get(reverse("sync:summary", kwargs=place)).status_code == 404


def test_refresh_without_a_linked_connection_says_what_to_do(client, company):
    answer = client.post(url("refresh", company), headers=HTMX)

    assert answer.status_code == 202
    assert "no connection is linked" in answer["HX-Trigger"]
    assert not Pull.objects.exists()


def test_refresh_queues_pulls_and_shows_them(client, company, connection, alice):
    answer = client.post(url("refresh", company), headers=HTMX)

    queued = Pull.objects.filter(company=company)
    assert answer.status_code == 202
    assert queued.count() > 10
    assert {pull.requested_by for pull in queued} == {alice}
    assert f"Refresh queued: {queued.count()} data types" in answer["HX-Trigger"]
    assert "Refreshed by hand by Alice Archer" in answer.content.decode()


def test_a_second_press_starts_nothing_and_shows_what_runs(client, company, connection):
    client.post(url("refresh", company), headers=HTMX)
    before = Pull.objects.count()

    answer = client.post(url("refresh", company), headers=HTMX)

    assert Pull.objects.count() == before
    assert answer.status_code == 202
    assert f"A refresh is running already: {before} data types to go" in answer["HX-Trigger"]


def test_refresh_works_without_javascript(client, company, connection):
    answer = client.post(url("refresh", company))

    assert answer.status_code == 302
    assert answer.url == url("history", company)
    assert "Refresh queued" in str(next(iter(get_messages(answer.wsgi_request))))
