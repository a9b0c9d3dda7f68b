"""Companies and connections, as programs see them."""

from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from companies.models import Company, Organization
from connections import links
from connections.models import Connection, LinkUrl
from tests.factories import CompanyFactory, ConnectionFactory

pytestmark = pytest.mark.django_db


def names(answer):
    assert answer.status_code == 200, answer.content
    return [each["name"] for each in answer.json()["results"]]


def test_a_company_is_made_as_the_contract_says(program, organization):
    answer = program.post(
        "/companies",
        {"name": "Example Company (Codat[1])", "description": "C-17", "tags": {"region": "uk"}},
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["name"] == "Example Company Codat1"
    assert (body["description"], body["tags"]) == ("C-17", {"region": "uk"})
    assert body["redirect"].startswith("http")
    assert body["dataConnections"] == []
    assert body["referenceSubsidiaryCompanies"] == []
    assert body["created"].endswith("Z")
    assert Company.objects.within(organization).get().pk.hex == body["id"].replace("-", "")


@pytest.mark.parametrize("gone", ["company", "connection"])
def test_what_is_deleted_while_it_is_read_is_left_out(program, company, monkeypatch, gone):
    connection = ConnectionFactory(company=company)
    deleted = {"company": company, "connection": connection}[gone].pk
    link_urls = links.link_urls

    def without_what_is_gone(*arguments, **named):
        urls = link_urls(*arguments, **named)
        del urls[deleted]
        return urls

    monkeypatch.setattr(links, "link_urls", without_what_is_gone)

    (shown,) = program.get("/companies").json()["results"] or [None]
    assert shown is None if gone == "company" else shown["dataConnections"] == []
    paths = {
        "company": f"/companies/{company.pk}",
        "connection": f"/companies/{company.pk}/connections/{connection.pk}",
    }
    assert program.get(paths[gone]).status_code == 404
    if gone == "connection":
        assert program.get(f"/companies/{company.pk}/connections").json()["results"] == []


@pytest.mark.parametrize(
    "body",
    [{}, {"name": None}, {"name": "{}"}, {"name": "A", "tags": {str(n): "" for n in range(11)}}],
)
def test_a_company_that_cannot_be_made_is_refused(program, body):
    assert program.post("/companies", body).status_code == 400


def test_put_clears_what_patch_leaves(program, company):
    path = f"/companies/{company.pk}"
    program.put(path, {"name": "A", "description": "D", "tags": {"k": "v"}})
    patched = program.patch(path, {"name": "B", "description": None}).json()
    assert (patched["name"], patched["description"], patched["tags"]) == ("B", "D", {"k": "v"})
    put = program.put(path, {"name": "C"}).json()
    assert (put["name"], put["description"], put["tags"]) == ("C", None, {})


def test_a_deleted_company_is_gone(program, company):
    answer = program.delete(f"/companies/{company.pk}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert program.get(f"/companies/{company.pk}").status_code == 404


class TestLists:
    @pytest.fixture(autouse=True)
    def _companies(self, organization):
        for name, tags, status in (
            ("Apple", {"region": "uk", "team": "invoice-finance"}, "Linked"),
            ("Banana", {"region": "us"}, "PendingAuth"),
            ("Cherry", {}, None),
        ):
            company = CompanyFactory(organization=organization, name=name, tags=tags)
            if status:
                ConnectionFactory(company=company, status=status)

    def test_links_lead_to_the_pages_there_are(self, program):
        first = program.get("/companies?page=1&pageSize=2").json()
        assert (first["pageNumber"], first["pageSize"], first["totalResults"]) == (1, 2, 3)
        links = first["_links"]
        assert links["self"]["href"] == "/companies"
        assert links["current"]["href"] == "/companies?page=1&pageSize=2"
        assert links["next"]["href"] == "/companies?page=2&pageSize=2"
        assert "previous" not in links
        last = program.get(links["next"]["href"]).json()
        assert [each["name"] for each in last["results"]] == ["Cherry"]
        assert set(last["_links"]) == {"self", "current", "previous"}

    def test_a_page_beyond_the_end_is_empty(self, program):
        assert names(program.get("/companies?page=9")) == []

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("name=Apple", ["Apple"]),
            ("name ~ an", ["Banana"]),
            ("dataConnections.status=PendingAuth", ["Banana"]),
            ("dataConnections.platformName=Sandbox", ["Apple", "Banana"]),
            (
                " && ".join(f"dataConnections.status!={each}" for each in Connection.Status.values),
                ["Cherry"],
            ),
            ("{name=Apple || name=Cherry} && created > 2020-01-01", ["Apple", "Cherry"]),
        ],
    )
    def test_queries_find(self, program, query, found):
        answer = program.get("/companies?" + urlencode({"query": query}))
        assert sorted(names(answer)) == found

    @pytest.mark.parametrize(
        ("tags", "found"),
        [
            ("region=uk", ["Apple"]),
            ("region!=uk", ["Banana", "Cherry"]),
            ("team~finance", ["Apple"]),
            ("region=uk || region=us", ["Apple", "Banana"]),
        ],
    )
    def test_tags_find(self, program, tags, found):
        assert names(program.get("/companies?" + urlencode({"tags": tags}))) == found

    def test_spaces_may_be_written_in_both_ways(self, program):
        for space in ("%20", "+"):
            query = f"/companies?query=name{space}={space}Apple"
            assert names(program.get(query)) == ["Apple"]

    def test_order(self, program):
        assert names(program.get("/companies?orderBy=-name")) == ["Cherry", "Banana", "Apple"]
        assert names(program.get("/companies?orderby=name")) == ["Apple", "Banana", "Cherry"]

    def test_many_companies_cost_no_more_queries(self, program, organization):
        counts = []
        for _ in range(2):
            for _ in range(15):
                ConnectionFactory(company=CompanyFactory(organization=organization))
            program.get("/companies")  # makes the Link URLs
            with CaptureQueriesContext(connection) as queries:
                names(program.get("/companies"))
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestConnections:
    @pytest.fixture
    def path(self, company):
        return f"/companies/{company.pk}/connections"

    def test_a_connection_lives_and_dies(self, program, path, settings):
        settings.SANDBOX_URL = "http://127.0.0.1:9"
        made = program.post(path, {"platformKey": "mqjo"})
        assert made.status_code == 200
        body = made.json()
        assert (body["status"], body["integrationKey"]) == ("PendingAuth", "mqjo")
        assert body["linkUrl"].startswith("http")
        assert program.get(f"{path}/{body['id']}").json() == body
        assert [each["id"] for each in program.get(path).json()["results"]] == [body["id"]]
        gone = program.delete(f"{path}/{body['id']}")
        assert (gone.status_code, gone.content) == (200, b"")
        assert program.get(f"{path}/{body['id']}").status_code == 404

    def test_a_platform_that_is_none_or_not_enabled(self, program, path):
        assert program.post(path, {"platformKey": "zzzz"}).status_code == 404
        assert program.post(path, {"platformKey": "gbol"}).status_code == 400

    def test_only_a_linked_one_can_be_unlinked(self, program, path, company):
        pending = ConnectionFactory(company=company, status="PendingAuth")
        linked = ConnectionFactory(company=company)
        unlink = {"status": "Unlinked"}
        assert program.patch(f"{path}/{pending.pk}", unlink).status_code == 400
        answer = program.patch(f"{path}/{linked.pk}", unlink)
        assert (answer.status_code, answer.json()["status"]) == (200, "Unlinked")
        assert program.patch(f"{path}/{linked.pk}", {"status": "Linked"}).status_code == 400

    def test_errors_are_told(self, program, path, company):
        connection = ConnectionFactory(company=company)
        connection.errors.create(
            organization=company.organization,
            status_code="401",
            status_text="Unauthorized",
            error_message="Access was withdrawn.",
        )
        (error,) = program.get(f"{path}/{connection.pk}").json()["dataConnectionErrors"]
        assert (error["statusCode"], error["status"]) == ("401", "Active")

    def test_each_status_can_be_read(self, program, path, company):
        for status in Connection.Status.values:
            ConnectionFactory(company=company, status=status)
        found = {each["status"] for each in program.get(path).json()["results"]}
        assert found == set(Connection.Status.values)
        assert len(program.get(f"{path}?query=status=Linked").json()["results"]) == 1

    def test_another_companys_connection_is_not_there(self, program, path, organization):
        other = ConnectionFactory(company=CompanyFactory(organization=organization))
        assert program.get(f"{path}/{other.pk}").status_code == 404
        assert program.get(f"/companies/{uuid4()}/connections").status_code == 404


def test_a_revoked_link_url_stays_revoked(program, company):
    before = program.get(f"/companies/{company.pk}").json()["redirect"]
    links.revoke(company, actor=None)
    assert program.get(f"/companies/{company.pk}").json()["redirect"] == before
    assert LinkUrl.objects.filter(company=company).count() == 1


def test_one_time_link_urls_are_handed_out_singly(program, company, organization):
    Organization.objects.filter(pk=organization.pk).update(uses_one_time_links=True)
    connection = ConnectionFactory(company=company)
    (listed,) = program.get("/companies").json()["results"]
    assert "otp=" not in listed["redirect"]
    read = program.get(f"/companies/{company.pk}").json()
    assert "link.otp=" in read["redirect"]
    path = f"/companies/{company.pk}/connections/{connection.pk}"
    assert "otp=" in program.get(path).json()["linkUrl"]


def test_a_revoked_one_time_link_url_is_not_opened_again_by_reading(program, company, organization):
    Organization.objects.filter(pk=organization.pk).update(uses_one_time_links=True)
    program.get(f"/companies/{company.pk}")
    links.revoke(company, actor=None)
    assert "otp=" not in program.get(f"/companies/{company.pk}").json()["redirect"]
