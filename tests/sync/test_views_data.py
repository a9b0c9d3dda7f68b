"""The data tab: data types, records, one record with what it was before, statements."""

import datetime as dt
import html
import re

import pytest
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from companies.models import Membership
from companies.roles import Role
from connections.models import Connection
from connections.schemas import DataType
from sync import records
from sync.models import PullStatus, RejectedRecord, ValidationIssue
from tests.factories import ConnectionFactory
from tests.sync.books import (
    a_profit_and_loss,
    a_pull,
    a_record,
    a_status,
    an_earlier_version,
    an_invoice,
)

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def connection(company):
    return ConnectionFactory(company=company, first_linked_at=timezone.now())


def url(name, company, **kwargs):
    place = {"organization": company.organization.slug, "company_id": company.pk}
    return reverse(f"sync:{name}", kwargs=place | kwargs)


def shown(page):
    return re.findall(r'class="row-link"[^>]*>([^<]+)</a>', page.content.decode())


@pytest.mark.parametrize("name", ["data", "data-type", "export", "record"])
def test_whoever_may_not_see_data_is_told_who_can_change_that(
    client, company, connection, membership, name
):
    Membership.objects.filter(pk=membership.pk).update(role=Role.ONBOARDING)
    an_invoice(connection, "INV-1")
    of_type = {"data_type": "invoices"}
    kwargs = {"data": {}, "record": of_type | {"source_id": "INV-1"}}.get(name, of_type)

    answer = client.get(url(name, company, **kwargs))

    assert answer.status_code == 403
    assert "An administrator of your organization" in answer.content.decode()


def test_every_data_type_is_listed_with_count_and_status(client, company, connection):
    a_status(connection, record_count=18402)
    a_status(connection, "bills", last_success_at=None, latest_status=PullStatus.FETCH_ERROR)

    page = client.get(url("data", company)).content.decode()

    assert all(data_type.label in page for data_type in DataType)
    assert "18,402" in page
    assert "Could not fetch" in page


def test_without_a_connection_the_link_url_is_the_next_step(client, company):
    page = client.get(url("data-type", company, data_type="invoices")).content.decode()

    assert "No connection yet" in page


def test_a_type_never_pulled_says_so(client, company, connection):
    page = client.get(url("data-type", company, data_type="invoices")).content.decode()

    assert "Never pulled" in page


def test_a_type_the_platform_does_not_supply_says_so(client, company, connection):
    a_status(connection, last_success_at=None, latest_status=PullStatus.NOT_SUPPORTED)

    page = client.get(url("data-type", company, data_type="invoices")).content.decode()

    assert "Sandbox does not supply this" in page


def test_a_type_the_customer_has_not_allowed_says_so(client, company, connection):
    a_status(connection, last_success_at=None, latest_status=PullStatus.PERMISSIONS_ERROR)

    page = client.get(url("data-type", company, data_type="invoices")).content.decode()

    assert "permission does not cover this" in page


def test_books_without_any_are_not_taken_for_never_pulled(client, company, connection):
    a_status(connection)

    page = client.get(url("data-type", company, data_type="invoices")).content.decode()

    assert "None in these books" in page


def test_an_unknown_data_type_is_not_found(client, company, connection):
    assert client.get(url("data-type", company, data_type="secrets")).status_code == 404


def test_records_are_shown_in_the_columns_of_their_type(client, company, connection):
    a_status(connection, record_count=1)
    an_invoice(connection, "INV-1", amount="1204.40")

    page = client.get(url("data-type", company, data_type="invoices")).content.decode()

    for words in ("Number", "Customer", "Issued", "INV-1", "Café Zoë", "4 May 2026", "£1,204.40"):
        assert words in page


def test_amounts_without_a_currency_keep_their_digits(client, company, connection):
    a_status(connection, "taxRates", record_count=1)
    a_record(connection, "taxRates", "vat", label="Reduced", amount="17.5")

    page = client.get(url("data-type", company, data_type="taxRates")).content.decode()

    assert ">17.5<" in page


def test_deleted_records_are_flagged(client, company, connection):
    a_status(connection)
    an_invoice(connection, "INV-1", is_deleted=True)

    page = client.get(url("data-type", company, data_type="invoices")).content.decode()

    assert '<tr class="deleted">' in page
    assert "Deleted at the source" in page


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["INV-2", "INV-1", "INV-4", "INV-3"]),
        ("date", ["INV-4", "INV-1", "INV-2", "INV-3"]),
        ("-amount", ["INV-2", "INV-1", "INV-3", "INV-4"]),
        ("amount", ["INV-4", "INV-3", "INV-1", "INV-2"]),
        ("-name", ["INV-4", "INV-3", "INV-2", "INV-1"]),
        ("-party", ["INV-4", "INV-3", "INV-2", "INV-1"]),
        ("due", ["INV-4", "INV-1", "INV-2", "INV-3"]),
        ("-due", ["INV-2", "INV-1", "INV-4", "INV-3"]),
        ("outstanding", ["INV-2", "INV-1", "INV-3", "INV-4"]),
        ("-outstanding", ["INV-3", "INV-1", "INV-2", "INV-4"]),
        ("status", ["INV-1", "INV-2", "INV-3", "INV-4"]),
        ("nonsense", ["INV-2", "INV-1", "INV-4", "INV-3"]),
    ],
)
def test_records_are_sorted(client, company, connection, sort, order):
    a_status(connection)
    june = [dt.date(2026, 6, day) for day in range(1, 5)]
    an_invoice(
        connection, "INV-1", on=dt.date(2026, 5, 2), amount="200", due_on=june[2], outstanding=2
    )
    an_invoice(
        connection, "INV-2", on=dt.date(2026, 5, 3), amount="300", due_on=june[3], outstanding=1
    )
    an_invoice(connection, "INV-3", on=None, amount="100", outstanding=3)
    an_invoice(connection, "INV-4", on=dt.date(2026, 5, 1), amount="-5", due_on=june[1])

    page = client.get(url("data-type", company, data_type="invoices"), {"sort": sort})

    assert shown(page) == order


def test_lists_are_sorted_by_members_without_a_column(client, company, connection):
    a_status(connection, "chartOfAccounts")
    for number in range(120):
        body = {"id": f"{number:03}", "nominalCode": None if number % 9 == 0 else str(number % 7)}
        a_record(connection, "chartOfAccounts", f"{number:03}", body=body)
    here = url("data-type", company, data_type="chartOfAccounts")

    page = client.get(here, {"sort": "-code"})
    pages = [shown(page)]
    while address := link(page, "after"):
        page = client.get(address)
        pages.append(shown(page))

    codes = [-1 if int(label) % 9 == 0 else int(label) % 7 for labels in pages for label in labels]
    assert [len(labels) for labels in pages] == [50, 50, 20]
    assert codes == sorted(codes, reverse=True)
    assert shown(client.get(link(page, "before"))) == pages[1]


def test_records_are_found_by_a_query_and_counted(client, company, connection):
    a_status(connection, record_count=3)
    for number, amount in (("INV-1", "99.99"), ("INV-2", "100"), ("INV-3", "100.01")):
        body = {"id": number, "totalAmount": float(amount), "dueDate": "2026-06-03"}
        due_on = dt.date(2026, 6, 3)
        an_invoice(connection, number, amount=amount, body=body, due_on=due_on)
    here = url("data-type", company, data_type="invoices")

    page = client.get(here, {"q": "totalAmount >= 100 && dueDate < 2026-07-01", "sort": "name"})

    assert shown(page) == ["INV-2", "INV-3"]
    assert "2 records found" in page.content.decode()
    assert "3 Jun 2026" in page.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX | {"HX-Target": "div#records"}])
def test_a_query_that_cannot_be_answered_says_where_and_what_is_right(
    client, company, connection, headers
):
    a_status(connection, record_count=1)
    an_invoice(connection, "INV-1")

    page = client.get(
        url("data-type", company, data_type="invoices"), {"q": "status = <b>"}, headers=headers
    )
    text = page.content.decode()

    assert page.status_code == 422
    assert "status is never &lt;b&gt;" in text
    assert "It is one of Draft, Paid, PartiallyPaid, Submitted, Unknown, Void." in text
    assert "status = <mark>&lt;b&gt;</mark>" in text
    assert shown(page) == []


def test_a_search_that_takes_too_long_is_given_up(client, company, connection, monkeypatch):
    a_status(connection, record_count=1)
    an_invoice(connection, "INV-1")
    read = records.page

    def read_slowly(*asked):
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")
        return read(*asked)

    monkeypatch.setattr(records, "LONGEST_LOOK", dt.timedelta(milliseconds=50))
    monkeypatch.setattr(records, "page", read_slowly)

    page = client.get(url("data-type", company, data_type="invoices"), {"q": "note ~ x"})

    assert page.status_code == 422
    assert "This search takes too long" in page.content.decode()


@pytest.mark.parametrize("data_type", [each for each in DataType if not each.is_report])
def test_the_examples_of_every_data_type_can_be_asked(client, company, connection, data_type):
    a_status(connection, data_type)
    here = url("data-type", company, data_type=data_type)
    page = client.get(here).content.decode()
    found = re.findall(r'<a href="([^"]*q=[^"]*)"><code>', page)

    assert found
    for address in found:
        assert client.get(html.unescape(address)).status_code == 200


@pytest.mark.parametrize("text", ["inv-17", "zoë 17", "abc-17"])
def test_records_are_found_by_label_party_or_id(client, company, connection, text):
    a_status(connection)
    an_invoice(connection, "INV-1")
    a_record(connection, source_id="abc-17", label="INV-17", party="Zoë 17")

    page = client.get(url("data-type", company, data_type="invoices"), {"q": text})

    assert shown(page) == ["INV-17"]


@pytest.mark.parametrize("text", ["%", "_", "\0", "& <b>zz"])
def test_a_search_without_hits_says_so_and_can_be_cleared(client, company, connection, text):
    a_status(connection)
    an_invoice(connection, "INV-1")

    page = client.get(url("data-type", company, data_type="invoices"), {"q": text})

    if text == "\0":
        assert shown(page) == ["INV-1"]
    else:
        assert "Nothing matches" in page.content.decode()
        assert "<b>" not in page.content.decode().partition("Nothing matches")[2][:20]


def link(page, name):
    found = re.search(rf'href="([^"]*{name}=[^"]*)"', page.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize("sort", ["-date", "date", "-amount", "name"])
def test_pages_of_records_follow_one_another_without_gaps(client, company, connection, sort):
    a_status(connection)
    for number in range(120):
        an_invoice(
            connection,
            f"INV-{number:03}",
            on=None if number % 10 == 0 else dt.date(2026, 1, 1 + number % 7),
            amount=number % 3,
        )
    here = url("data-type", company, data_type="invoices")
    page = client.get(f"{here}?sort={sort}")
    pages = [shown(page)]
    while address := link(page, "after"):
        page = client.get(address)
        pages.append(shown(page))
    seen = [row for rows in pages for row in rows]
    back = link(page, "before")

    assert [len(rows) for rows in pages] == [50, 50, 20]
    assert sorted(seen) == [f"INV-{number:03}" for number in range(120)]
    assert shown(client.get(back)) == pages[1]


def test_records_cost_the_same_queries_whatever_their_number(
    client, company, connection, django_assert_max_num_queries
):
    a_status(connection)
    for number in range(60):
        an_invoice(connection, f"INV-{number}")

    with django_assert_max_num_queries(23):
        client.get(url("data-type", company, data_type="invoices"))


def test_a_record_is_shown_as_it_was_pulled_and_before(client, company, connection, alice):
    pull = a_pull(connection, requested_by=alice)
    record = an_invoice(connection, "INV-1", body={"id": "INV-1", "note": "<script>1</script>"})
    an_earlier_version(record, body={"id": "INV-1", "note": "as it was"}, changed_by=pull)

    page = client.get(
        url("record", company, data_type="invoices", source_id="INV-1")
    ).content.decode()

    assert "&lt;script&gt;1&lt;/script&gt;" in page
    assert "<script>1" not in page
    assert "as it was" in page
    assert url("pull", company, pull_id=pull.pk) in page
    assert "(Alice Archer)" in page


def test_a_record_tells_what_each_pull_changed(client, company, connection, alice):
    pull = a_pull(connection, requested_by=alice)
    record = an_invoice(connection, "INV-1", body={"id": "INV-1", "status": "Paid"})
    an_earlier_version(record, body={"id": "INV-1", "status": "Submitted"}, changed_by=pull)

    page = client.get(
        url("record", company, data_type="invoices", source_id="INV-1")
    ).content.decode()

    assert re.search(r"<code>status</code></th><td>Submitted</td><td>Paid</td>", page)
    assert "First pulled" in page


def test_a_record_can_be_read_as_it_was(client, company, connection):
    first, second = timezone.now() - dt.timedelta(days=9), timezone.now() - dt.timedelta(days=2)
    pull = a_pull(connection, completed_at=second)
    record = an_invoice(
        connection, "INV-1", body={"id": "INV-1", "note": "new"}, modified_at=second
    )
    an_earlier_version(
        record,
        body={"id": "INV-1", "note": "old"},
        changed_by=pull,
        modified_at=first,
        superseded_at=second,
    )
    here = url("record", company, data_type="invoices", source_id="INV-1")

    def as_of(asked):
        answer = client.get(here, {"asOf": asked})
        text = html.unescape(answer.content.decode())
        body = re.search(r'<pre class="json" tabindex="0">(.*?)</pre>', text, re.DOTALL)
        return answer.status_code, body and re.findall(r'"note": "(\w+)"', body[1])

    assert as_of(str(pull.pk)) == (200, ["new"])
    assert as_of((second - dt.timedelta(days=1)).date().isoformat()) == (200, ["old"])
    assert as_of(first.isoformat()) == (200, ["old"])
    assert as_of((first - dt.timedelta(seconds=1)).isoformat()) == (200, None)
    assert as_of("9998-12-31") == (200, ["new"])


@pytest.mark.parametrize(
    "asked",
    [
        "yesterday",
        "2026-02-30",
        "00000000-0000-4000-8000-000000000000",
        "\0",
        "1" * 500,
        "0001-01-01T00:00+14:00",
    ],
)
def test_what_is_no_moment_is_refused_in_words(client, company, connection, asked):
    an_invoice(connection, "INV-1")

    answer = client.get(
        url("record", company, data_type="invoices", source_id="INV-1"), {"asOf": asked}
    )

    assert answer.status_code == 400
    assert "is no moment of this record" in answer.content.decode()


def test_a_pull_of_other_data_is_no_moment_of_a_record(client, company, connection):
    an_invoice(connection, "INV-1")
    other = a_pull(connection, "bills")

    answer = client.get(
        url("record", company, data_type="invoices", source_id="INV-1"), {"asOf": str(other.pk)}
    )

    assert answer.status_code == 400


def test_a_record_shows_what_its_pulls_found_wrong_with_it(client, company, connection):
    pull = a_pull(connection)
    a_status(connection, latest_success_pull_id=pull.pk)
    an_invoice(connection, "INV-1")
    place = {"organization": company.organization, "pull": pull}
    for item in ("INV-1", "INV-2"):
        ValidationIssue.objects.create(
            **place,
            level="warning",
            rule_id="invoice-total",
            item_id=item,
            message=f"The total of {item} is not the sum of its lines.",
            validator_name="invoices",
        )
    RejectedRecord.objects.create(
        **place, source_id="INV-1", reason="Its date is 30 February.", raw="{}"
    )

    page = client.get(
        url("record", company, data_type="invoices", source_id="INV-1")
    ).content.decode()

    assert "The total of INV-1 is not the sum of its lines." in page
    assert "INV-2" not in page
    assert "Its date is 30 February." in page


def test_numbers_are_printed_digit_by_digit(client, company, connection):
    a_record(connection, source_id="INV-1", body={"id": "INV-1"})
    record = connection_record(connection, '{"id":"big","total":90071992547409931.10}')

    page = client.get(url("record", company, data_type="invoices", source_id=record.source_id))

    assert "90071992547409931.10" in page.content.decode()


def connection_record(connection, body):
    record = a_record(connection, source_id="big")
    record.body = body
    record.save(update_fields=["body"])
    return record


@pytest.mark.parametrize("source_id", ["a/b", "a//b/", "ä ?#%", "../x", "INV 1&2"])
def test_a_record_is_found_whatever_its_id(client, company, connection, source_id):
    a_record(connection, source_id=source_id, label="The one")

    page = client.get(url("record", company, data_type="invoices", source_id=source_id))

    assert page.status_code == 200
    assert "The one" in page.content.decode()


def test_htmx_opens_a_record_in_a_drawer(client, company, connection):
    an_invoice(connection, "INV-1")

    part = client.get(
        url("record", company, data_type="invoices", source_id="INV-1"), headers=HTMX
    ).content.decode()

    assert part.strip().startswith('<dialog class="drawer" data-show')


def test_a_record_that_is_not_there_is_not_found(client, company, connection):
    assert (
        client.get(url("record", company, data_type="invoices", source_id="none")).status_code
        == 404
    )


def test_data_of_an_unlinked_connection_can_still_be_read(client, company):
    old = ConnectionFactory(
        company=company, status=Connection.Status.UNLINKED, first_linked_at=timezone.now()
    )
    a_status(old)
    an_invoice(old, "OLD-1")

    page = client.get(url("data-type", company, data_type="invoices"))

    assert shown(page) == ["OLD-1"]


def test_an_earlier_connection_is_chosen_by_its_id(client, company, connection):
    old = ConnectionFactory(
        company=company, status=Connection.Status.UNLINKED, first_linked_at=timezone.now()
    )
    for each, number in ((connection, "NEW-1"), (old, "OLD-1")):
        a_status(each)
        an_invoice(each, number)
    here = url("data-type", company, data_type="invoices")

    assert shown(client.get(here)) == ["NEW-1"]
    assert shown(client.get(here, {"connection": str(old.pk)})) == ["OLD-1"]
    assert shown(client.get(here, {"connection": "nonsense"})) == ["NEW-1"]


def test_a_statement_shows_its_newest_periods_side_by_side(client, company, connection):
    a_profit_and_loss(connection)

    page = client.get(url("data-type", company, data_type="profitAndLoss")).content.decode()

    assert [
        label for label in ("Apr 2026", "Mar 2026", "Feb 2026", "Jan 2026") if label in page
    ] == [
        "Apr 2026",
        "Mar 2026",
        "Feb 2026",
    ]
    assert re.search(r'data-level="2"><th scope="row">Coffee</th><td>£1,004.25</td>', page)
    assert re.search(r"Operating profit</th><td>£854.25</td><td>£853.25</td>", page)


def test_more_periods_can_be_chosen(client, company, connection):
    a_profit_and_loss(connection, months=8)
    here = url("data-type", company, data_type="profitAndLoss")

    assert "Mar 2026" in client.get(here, {"periods": "6"}).content.decode()
    assert "Mar 2026" not in client.get(here, {"periods": "-1"}).content.decode()


def test_a_status_is_written_in_words(client, company, connection):
    a_status(connection, record_count=1)
    an_invoice(connection, "INV-1", record_status="PartiallyPaid")

    table = client.get(url("data-type", company, data_type="invoices")).content.decode()
    drawer = client.get(
        url("record", company, data_type="invoices", source_id="INV-1")
    ).content.decode()

    assert 'data-shape="half">Partially paid</span>' in table
    assert 'data-shape="half">Partially paid</span>' in drawer


def test_a_date_keeps_its_heading_where_the_table_becomes_blocks(client, company, connection):
    a_status(connection, record_count=1)
    an_invoice(connection, "INV-1")

    page = client.get(url("data-type", company, data_type="invoices")).content.decode()

    assert '<td data-h="Issued"><time datetime="2026-05-04">' in page
