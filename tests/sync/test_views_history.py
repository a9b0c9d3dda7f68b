"""The pull history and the page of one pull."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from companies.models import Membership
from companies.roles import Role
from sync.models import Pull, PullStatus, RejectedRecord, ValidationIssue
from tests.factories import CompanyFactory, ConnectionFactory, DataStatusFactory, PullFactory
from tests.sync.books import a_pull

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company, first_linked_at=timezone.now())


def url(name, company, **kwargs):
    place = {"organization": company.organization.slug, "company_id": company.pk}
    return reverse(f"sync:{name}", kwargs=place | kwargs)


def shown_pulls(page):
    return re.findall(r'<tr id="pull-([0-9a-f-]+)"', page.content.decode())


def test_an_empty_history_says_when_the_first_pull_comes(client, company):
    assert "The first pull starts by itself" in client.get(url("history", company)).content.decode()


def test_a_row_tells_what_by_whom_how_many_and_how_long(client, company, connection, alice):
    a_pull(
        connection,
        requested_by=alice,
        fetched=1288,
        added=1200,
        changed=80,
        unchanged=8,
        completed_at=timezone.now() + dt.timedelta(seconds=2.5),
    )

    page = client.get(url("history", company)).content.decode()

    assert "Sandbox · Refreshed by hand by Alice Archer" in page
    assert 'data-h="Records">1,288</td>' in page
    assert "<small>1,200 added, 80 changed</small>" in page
    assert re.search(r'data-h="Took">2\.[3-5] s<', page)


def test_a_failure_states_its_reason_and_what_happens_next(client, company, connection):
    a_pull(
        connection,
        status=PullStatus.FETCH_ERROR,
        error_message="Sandbox answered 503. Ledgerport tries again by itself at 10:05.",
    )

    page = client.get(url("history", company)).content.decode()

    assert "Could not fetch" in page
    assert "Sandbox answered 503. Ledgerport tries again by itself at 10:05." in page


def test_a_pull_that_waits_for_the_limit_is_not_shown_as_queued(client, company, connection):
    a_pull(
        connection,
        status=PullStatus.QUEUED,
        not_before=timezone.now() + dt.timedelta(minutes=5),
        status_description="waits for Sandbox until 14:05",
    )

    page = client.get(url("history", company)).content.decode()

    assert "Waiting for the limit" in page
    assert "waits for Sandbox until 14:05" in page


def test_running_pulls_show_progress_and_how_far_the_refresh_is(client, company, connection):
    batch = a_pull(connection, "bills").batch
    a_pull(connection, status=PullStatus.FETCHING, progress=38, batch=batch)
    a_pull(connection, "items", PullStatus.MAP_ERROR, batch=batch)

    page = client.get(url("history", company)).content.decode()

    assert '<progress max="100" value="38"' in page
    assert "Refresh: 1 of 3 complete, 1 failed" in page


def test_pulls_of_one_refresh_stand_in_the_order_in_which_they_run(client, company, connection):
    moment = timezone.now()
    late = a_pull(connection, "profitAndLoss", requested_at=moment)
    early = a_pull(connection, "company", requested_at=moment)

    assert shown_pulls(client.get(url("history", company))) == [str(early.pk), str(late.pk)]


def test_filters_narrow_the_list_and_can_be_cleared(client, company, connection):
    invoices = a_pull(connection)
    bills = a_pull(connection, "bills", PullStatus.FETCH_ERROR)

    history = url("history", company)

    assert shown_pulls(client.get(history, {"type": "invoices"})) == [str(invoices.pk)]
    assert shown_pulls(client.get(history, {"status": "failed"})) == [str(bills.pk)]
    assert shown_pulls(client.get(history, {"status": "nonsense", "type": "x"})) == [
        str(bills.pk),
        str(invoices.pk),
    ]
    nothing = client.get(history, {"status": "failed", "type": "invoices"}).content.decode()
    assert "No pull matches “Failed” and “Invoices”" in nothing
    assert "Clear filters" in nothing


def test_pages_follow_one_another_without_gaps_and_back(client, company, connection):
    started = timezone.now() - dt.timedelta(hours=1)
    pulls = [
        a_pull(connection, requested_at=started - dt.timedelta(minutes=number // 2))
        for number in range(60)
    ]
    history = url("history", company)

    first = client.get(history)
    second = client.get(next_url(first))
    third = client.get(next_url(second))
    back = client.get(previous_url(third))

    everything = shown_pulls(first) + shown_pulls(second) + shown_pulls(third)
    assert sorted(everything) == sorted(str(pull.pk) for pull in pulls)
    assert len(set(everything)) == 60
    assert shown_pulls(back) == shown_pulls(second)
    assert next_url(third) is None
    assert previous_url(first) is None


def next_url(page):
    found = re.search(r'href="([^"]*\?after=[^"]*)"', page.content.decode())
    return found and found[1].replace("&amp;", "&")


def previous_url(page):
    found = re.search(r'href="([^"]*\?before=[^"]*)"', page.content.decode())
    return found and found[1].replace("&amp;", "&")


@pytest.mark.parametrize("cursor", ["x", "W10:1:abc", "\0", "a" * 5000])
def test_a_tampered_position_is_the_first_page(client, company, connection, cursor):
    pull = a_pull(connection)

    assert shown_pulls(client.get(url("history", company), {"after": cursor})) == [str(pull.pk)]


def test_only_the_first_page_is_live(client, company, connection):
    for number in range(30):
        a_pull(connection, requested_at=timezone.now() - dt.timedelta(minutes=number))

    first = client.get(url("history", company), {"status": "complete"})
    second = client.get(next_url(first))

    stream = f'hx-sse:connect="{url("history-stream", company)}?status=complete&amp;page=history"'
    assert stream in first.content.decode()
    assert "hx-sse:connect" not in second.content.decode()


def test_htmx_gets_the_part_that_filters_change(client, company, connection):
    a_pull(connection)

    part = client.get(url("history", company), headers=HTMX).content.decode()

    assert "<html" not in part
    assert '<tr id="pull-' in part


def test_the_history_asks_the_same_of_the_database_whatever_its_length(
    client, company, connection, alice, django_assert_max_num_queries
):
    for number in range(40):
        a_pull(connection, requested_by=alice, progress=number)

    with django_assert_max_num_queries(20):
        client.get(url("history", company))


def test_a_pull_shows_counts_rejected_records_and_validation_issues(client, company, connection):
    pull = a_pull(connection, fetched=10, added=8, unchanged=1, rejected=1, warnings=1)
    inside = {"organization": company.organization, "pull": pull}
    RejectedRecord.objects.create(
        **inside, source_id="INV-7", reason="The total is missing.", raw='{"id": "<b>7</b>"}'
    )
    ValidationIssue.objects.create(
        **inside,
        level="warning",
        rule_id="accounting-invoice-030",
        item_id="INV/8",
        message="Lines sum to 69.99, the total says 70.00.",
        validator_name="InvoiceValidator",
    )

    page = client.get(url("pull", company, pull_id=pull.pk)).content.decode()

    assert "INV-7: The total is missing." in page
    assert "&lt;b&gt;7&lt;/b&gt;" in page
    assert "Lines sum to 69.99, the total says 70.00." in page
    assert url("record", company, data_type="invoices", source_id="INV/8") in page


def test_details_for_support_and_records_need_their_rights(client, company, connection, membership):
    pull = a_pull(
        connection,
        status=PullStatus.INTERNAL_ERROR,
        error_message="Something went wrong on our side.",
        error_detail="KeyError: 'total'",
    )
    RejectedRecord.objects.create(
        organization=company.organization, pull=pull, source_id="INV-7", reason="No.", raw="{}"
    )
    pull_url = url("pull", company, pull_id=pull.pk)

    seen = client.get(pull_url).content.decode()
    Membership.objects.filter(pk=membership.pk).update(role=Role.ONBOARDING)
    unseen = client.get(pull_url).content.decode()

    assert "KeyError" in seen
    assert "INV-7" in seen
    assert "KeyError" not in unseen
    assert "INV-7" not in unseen
    assert "Something went wrong on our side." in unseen


@pytest.mark.parametrize(
    ("status", "is_live"),
    [(PullStatus.QUEUED, True), (PullStatus.FETCHING, True), (PullStatus.COMPLETE, False)],
)
def test_the_page_of_a_pull_is_live_until_it_is_over(client, company, connection, status, is_live):
    pull = a_pull(connection, status=status)

    page = client.get(url("pull", company, pull_id=pull.pk)).content.decode()

    stream = f'hx-sse:connect="{url("pull-stream", company, pull_id=pull.pk)}"'
    assert (stream in page) == is_live
    assert ("data-live-word" in page) == is_live


def test_a_pull_of_another_company_is_not_here(client, company, organization):
    other = ConnectionFactory(company=CompanyFactory(organization=organization))
    pull = PullFactory(connection=other)

    assert client.get(url("pull", company, pull_id=pull.pk)).status_code == 404


def test_a_held_pull_can_be_accepted_by_who_may_change_settings(
    client, company, connection, membership
):
    held = PullFactory(connection=connection, status=PullStatus.VALIDATION_ERROR, is_held=True)
    DataStatusFactory(connection=connection, latest_pull_id=held.pk)
    address = url("accept", company, pull_id=held.pk)
    assert address in client.get(url("pull", company, pull_id=held.pk)).content.decode()

    accepted = client.post(address)

    queued = Pull.objects.get(accepts_disappearance=True)
    assert accepted["Location"] == url("pull", company, pull_id=queued.pk)
    client.post(address)
    assert Pull.objects.filter(accepts_disappearance=True).count() == 1
    membership.role = Role.ANALYST
    membership.save()
    assert client.post(address).status_code == 403
    assert address not in client.get(url("pull", company, pull_id=held.pk)).content.decode()


def test_a_held_pull_that_a_later_one_has_settled_says_so(client, company, connection):
    held = PullFactory(connection=connection, status=PullStatus.VALIDATION_ERROR, is_held=True)

    answer = client.post(url("accept", company, pull_id=held.pk), follow=True)

    assert "A later pull looks at these records again." in answer.content.decode()
    assert Pull.objects.count() == 1
