"""What a page costs: bytes on the wire and questions to the database, and that it stays little.

``pytest -s tests/test_page_budget.py`` prints the table.
"""

import gzip
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sync import monitor
from tests import estate
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    MembershipFactory,
    OrganizationFactory,
)
from tests.test_tenancy import organization_routes

#: Kilobytes, compressed: the budget of a first visit and of a page.
FIRST_VISIT, PAGE = 100, 15
#: Questions of a page, those of session, person and organization with it. Settings of the
#: transaction are no questions.
QUERIES = 14
STATIC = Path(settings.BASE_DIR) / "static"
SHELL = (
    "portal.css",
    "portal.js",
    "theme.js",
    "vendor/htmx/htmx-with-sse.min.js",
)
FONTS = ("vendor/geist/geist-latin-wght-normal.woff2",)


#: Every operation of the API on one page, to be searched with the browser's own search.
WHOLE_BOOKS = {"api_portal:reference": 30}


def kilobytes(content: bytes) -> float:
    return len(gzip.compress(content, 6)) / 1024


@pytest.fixture
def harbour(alice, settings) -> estate.Estate:
    settings.SANDBOX_URL = "http://sandbox.test"
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=alice)
    monitor.beat()
    built = estate.build(organization, alice)
    for number in range(25):
        company = CompanyFactory(organization=organization, name=f"Company {number}")
        ConnectionFactory(company=company)
    return built


def questions(queries: CaptureQueriesContext) -> int:
    silent = (
        "WITH before AS MATERIALIZED (SELECT coalesce(current_setting",
        "SAVEPOINT",
        "RELEASE",
    )
    return sum(not query["sql"].startswith(silent) for query in queries.captured_queries)


def test_pages_keep_to_their_budget(harbour, alice):
    client = Client()
    client.force_login(alice)
    shell = sum(kilobytes((STATIC / name).read_bytes()) for name in SHELL)
    shell += sum(len((STATIC / name).read_bytes()) / 1024 for name in FONTS)
    table = []
    for route in organization_routes():
        url = route.url(harbour.parameters)
        with CaptureQueriesContext(database) as queries:
            response = client.get(url)
        if response.status_code == 200 and not response.streaming:
            page = kilobytes(response.content)
            table.append((route.name, page, shell + page, questions(queries)))

    print(f"\n{'page':34}{'KB':>7}{'first visit':>13}{'queries':>9}")
    for name, page, first, asked in sorted(table, key=lambda row: -row[1]):
        print(f"{name:34}{page:7.1f}{first:13.1f}{asked:9}")
    assert table
    over = [
        row
        for row in table
        if row[1] > WHOLE_BOOKS.get(row[0], PAGE) or row[2] > FIRST_VISIT or row[3] > QUERIES
    ]
    assert over == []
