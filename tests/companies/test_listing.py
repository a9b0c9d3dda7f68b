"""The companies page's rows: filters, search, order and keyset paging."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.utils import timezone

from companies import listing, tenancy
from companies.columns import Chosen
from companies.listing import Filter, Question
from companies.models import Company
from companies.rls import APP_ROLE
from tests.factories import CompanyFactory, ConnectionFactory, UploadedFileFactory, UserFactory

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ask(organization, query=""):
    question = Question.parse(QueryDict(query.removeprefix("?")))
    return listing.read(organization, question, Chosen.of(None))


def names(shown):
    return [row.company.name for row in shown.rows]


def walk(organization, query, direction="next_url"):
    """Turn every page, and answer the names in the order they were seen."""
    pages = [ask(organization, query)]
    while url := getattr(pages[-1], direction):
        pages.append(ask(organization, url))
    return pages


@pytest.fixture
def many(organization):
    """60 companies: equal names, equal moments, and some never pulled."""
    Company.objects.bulk_create(
        Company(
            organization=organization,
            name=f"Company {i % 20:02}",
            last_pull_at=None if i % 3 == 0 else NOON - timedelta(hours=i % 7),
        )
        for i in range(60)
    )
    return organization


@pytest.mark.parametrize("sort", sorted(listing.ORDERS))
def test_turning_the_pages_shows_every_company_once(many, sort):
    pages = walk(many, f"sort={sort}")

    seen = [row.company.pk for page in pages for row in page.rows]
    assert [len(page.rows) for page in pages] == [25, 25, 10]
    assert len(set(seen)) == len(seen) == 60


@pytest.mark.parametrize("sort", sorted(listing.ORDERS))
def test_turning_back_shows_the_same_pages(many, sort):
    forward = walk(many, f"sort={sort}")

    back = [forward[-1]]
    while url := back[-1].previous_url:
        back.append(ask(many, url))

    assert [[row.company.pk for row in page.rows] for page in reversed(back)] == [
        [row.company.pk for row in page.rows] for page in forward
    ]


@pytest.mark.parametrize("sort", sorted(listing.ORDERS))
def test_the_rows_are_in_order_and_the_never_pulled_last(many, sort):
    column = {"name": "sort_name", "pull": "last_pull_at", "created": "created_at"}
    found = [
        getattr(row.company, column[sort.removeprefix("-")])
        for page in walk(many, f"sort={sort}")
        for row in page.rows
    ]

    known = [value for value in found if value is not None]
    assert found == known + [None] * (len(found) - len(known))
    assert all(a >= b if sort.startswith("-") else a <= b for a, b in pairwise(known))


def test_names_are_sorted_without_regard_to_case(organization):
    for name in ("Zebra", "apple", "Mango"):
        CompanyFactory(organization=organization, name=name)

    assert names(ask(organization)) == ["apple", "Mango", "Zebra"]


@pytest.mark.parametrize("cursor", ["after", "before", "page"])
def test_a_tampered_position_leads_to_the_first_page(many, cursor):
    assert names(ask(many, f"{cursor}=nonsense")) == names(ask(many))


def test_a_position_of_another_order_leads_to_the_first_page(many):
    position = ask(many).next_url.partition("after=")[2]

    assert names(ask(many, f"sort=-name&after={position}")) == names(ask(many, "sort=-name"))


def test_a_page_whose_companies_are_gone_shows_the_first(many):
    last = walk(many, "")[-2].next_url
    Company.objects.filter(name__gte="Company 10").delete()

    assert names(ask(many, last)) == names(ask(many))


def test_what_is_not_understood_is_left_out(many):
    shown = ask(many, "sort=size&status=sleeping&q=%00")

    assert (shown.question.sort, shown.question.filter, shown.question.text) == (
        "name",
        Filter.ALL,
        "",
    )


@pytest.fixture
def mixed(organization):
    """One company for each way to stand, and one that stands in several at once."""
    connections: dict[str, list[dict[str, object]]] = {
        "Linked": [{"status": "Linked"}],
        "Failing": [{"status": "Linked", "has_active_error": True}],
        "Deauthorized": [{"status": "Deauthorized"}],
        "Pending": [{"status": "PendingAuth"}],
        "Unlinked": [{"status": "Unlinked"}],
        "Bare": [],
        "Several": [{"status": "Unlinked"}, {"status": "Unlinked"}, {"status": "Linked"}],
    }
    for name, each in connections.items():
        company = CompanyFactory(organization=organization, name=name)
        for values in each:
            ConnectionFactory(company=company, **values)
    return organization


FILTERED = {
    Filter.ALL: {
        "Linked", "Failing", "Deauthorized", "Pending", "Unlinked", "Bare", "Several",
    },
    Filter.ATTENTION: {"Failing", "Deauthorized"},
    Filter.LINKED: {"Linked", "Failing", "Several"},
    Filter.PENDING: {"Pending"},
    Filter.UNLINKED: {"Unlinked", "Several"},
    Filter.NONE: {"Bare"},
}  # fmt: skip


@pytest.mark.parametrize("wanted", Filter)
def test_a_filter_shows_what_its_count_says(mixed, wanted):
    shown = ask(mixed, f"status={wanted.value}")

    assert set(names(shown)) == FILTERED[wanted]
    assert shown.counts[wanted] == shown.shown_of == len(FILTERED[wanted])


def test_counts_follow_the_search(mixed):
    shown = ask(mixed, "q=link")

    assert set(names(shown)) == {"Linked", "Unlinked"}
    assert shown.counts == {
        Filter.ALL: 2, Filter.ATTENTION: 0, Filter.LINKED: 1,
        Filter.PENDING: 0, Filter.UNLINKED: 1, Filter.NONE: 0,
    }  # fmt: skip


def test_counts_of_a_large_organization_are_remembered_for_a_moment(mixed, monkeypatch):
    cache.clear()
    ask(mixed)
    CompanyFactory(organization=mixed)
    assert ask(mixed).counts[Filter.ALL] == 8  # a small one is always counted

    monkeypatch.setattr(listing, "COUNTS_REMEMBERED_FROM", 8)
    ask(mixed)
    CompanyFactory(organization=mixed)

    assert ask(mixed).counts[Filter.ALL] == 8
    cache.clear()
    assert ask(mixed).counts[Filter.ALL] == 9


def test_without_redis_everything_is_counted(mixed, settings, monkeypatch):
    monkeypatch.setattr(listing, "COUNTS_REMEMBERED_FROM", 1)
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere.sock",
        }
    }

    assert ask(mixed).counts[Filter.ALL] == 7


@pytest.mark.parametrize("text", ["gate ro", "EASTGATE", "  eastgate "])
def test_search_finds_a_part_of_the_name(organization, company, text):
    CompanyFactory(organization=organization, name="Westend")

    assert names(ask(organization, f"q={text}")) == ["Eastgate Roasters"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "'"])
def test_search_takes_signs_as_they_are(organization, company, text):
    assert names(ask(organization, f"q={text}")) == []


def test_search_finds_an_id_and_its_beginning(organization, company):
    CompanyFactory(organization=organization)

    for text in (str(company.pk), str(company.pk).upper(), company.pk.hex, str(company.pk)[:14]):
        assert names(ask(organization, f"q={text}")) == ["Eastgate Roasters"]


def test_the_worst_connections_are_shown_and_the_rest_is_counted(organization, company):
    for status in ("Linked", "Unlinked", "Deauthorized", "PendingAuth"):
        ConnectionFactory(company=company, status=status, source_type="Banking")

    (row,) = ask(organization).rows

    assert [connection.mark for connection in row.shown] == ["deauthorized", "pending"]
    assert (row.hidden_count, row.hidden_tone) == (2, "grey")


def test_data_older_than_a_day_are_stale(organization):
    now = timezone.now()
    for name, last_pull_at in [("a", None), ("b", now), ("c", now - timedelta(hours=25))]:
        CompanyFactory(organization=organization, name=name, last_pull_at=last_pull_at)

    assert [row.is_stale for row in ask(organization).rows] == [False, False, True]


def test_a_page_takes_four_queries_at_any_depth(many, django_assert_max_num_queries):
    for company in Company.objects.filter(name="Company 19"):
        company.created_by = UserFactory()
        company.save(update_fields=["created_by"])
        ConnectionFactory(company=company)
        UploadedFileFactory(company=company)
        UploadedFileFactory(company=company)
    pages = walk(many, "sort=-pull&status=all")

    for url in ("", pages[0].next_url, pages[1].next_url, pages[2].previous_url):
        with django_assert_max_num_queries(4):
            shown = ask(many, url or "sort=-pull")
            for row in shown.rows:
                assert str(row.company.created_by)
                assert row.has_files is (row.company.name == "Company 19")


def test_companies_are_found_by_every_tag_asked_for(organization):
    CompanyFactory(organization=organization, name="Both", tags={"region": "north", "tier": "1"})
    CompanyFactory(organization=organization, name="North", tags={"region": "north"})
    CompanyFactory(organization=organization, name="Other case", tags={"region": "North"})

    assert names(ask(organization, "tag=region:north")) == ["Both", "North"]
    assert names(ask(organization, "tag=region:north&tag=tier:1")) == ["Both"]
    assert names(ask(organization, "tag=nonsense")) == ["Both", "North", "Other case"]


def test_tags_stay_in_every_address_of_the_page(organization):
    CompanyFactory(organization=organization, name="North", tags={"region": "north & east"})

    shown = ask(organization, "tag=region:north+%26+east")

    (pill,) = shown.question.tag_pills
    assert pill == ("region: north & east", "?status=all")
    assert all("tag=region%3Anorth+%26+east" in each.url for each in shown.pills)
    assert shown.rows[0].tags == [("region: north & east", "?tag=region%3Anorth+%26+east")]


@pytest.mark.parametrize(
    ("marks", "own"),
    [
        ([], ""),
        (["Linked", "PendingAuth"], "linked"),
        (["Linked", "Deauthorized"], "deauthorized"),
        (["Unlinked", "PendingAuth"], "pending"),
        (["Unlinked"], "unlinked"),
    ],
)
def test_a_company_has_the_status_of_the_connection_that_decides(organization, marks, own):
    company = CompanyFactory(organization=organization)
    for status in marks:
        ConnectionFactory(company=company, status=status)

    assert ask(organization).rows[0].mark == own


def test_a_search_reads_the_index_of_trigrams(organization):
    Company.objects.bulk_create(
        Company(organization=organization, name=f"{number * 7919:07x} Trading Ltd")
        for number in range(4000)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        # As autovacuum does: what waits to be sorted into the index makes it look slow.
        cursor.execute("SELECT gin_clean_pending_list('company_name_search')")
        cursor.execute("ANALYZE companies_company")
        cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")
        cursor.execute("SET LOCAL enable_seqscan = off")

    with tenancy.system():
        plan = listing.named_in(organization, "w traders").explain()

    assert "company_name_search" in plan
    assert "sort_name" in plan.partition("Index Cond")[2].partition("\n")[0]


def test_a_search_that_finds_many_shows_the_same_as_one_that_finds_few(many, monkeypatch):
    few = [names(page) for page in walk(many, "q=company 1")]
    monkeypatch.setattr(listing, "FEW_NAMED", 3)

    assert listing.few_named(many, "company 1") is None
    assert [names(page) for page in walk(many, "q=company 1")] == few
    assert sum(map(len, few)) == 30


def test_a_search_names_nobody_elses(organization, other_organization):
    CompanyFactory(organization=organization, name="Quay Bakery")
    with tenancy.entered(other_organization.pk):
        theirs = CompanyFactory(organization=other_organization, name="Quay Brewery")

    assert names(ask(organization, "q=quay")) == ["Quay Bakery"]
    assert names(ask(organization, f"q={theirs.pk}")) == []
    assert [each.name for each in listing.best_matches(organization, "quay")] == ["Quay Bakery"]
