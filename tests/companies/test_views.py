"""The companies page through the front door."""

import json
import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from companies.models import Company, Event, Membership
from companies.roles import Role
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    MembershipFactory,
    UploadedFileFactory,
)

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
LIST = "/o/harbour/companies/"
NEW = "/o/harbour/companies/new/"


def text(response):
    return response.content.decode()


@pytest.fixture
def rename_url(company):
    return reverse("companies:rename", args=["harbour", company.pk])


def test_a_company_is_shown_with_its_connections(client, company):
    ConnectionFactory(company=company, status="Deauthorized")

    page = text(client.get(LIST))

    assert "Eastgate Roasters" in page
    assert str(company.pk) in page
    assert "Deauthorized" in page
    assert "Never pulled" in page


def test_a_company_without_connections_offers_its_link_url(client, company):
    page = text(client.get(LIST))

    assert reverse("connections:link-url", args=["harbour", company.pk]) in page
    assert "Copy Link URL" in page


def test_htmx_gets_the_part_that_changes(client, company):
    whole, part = client.get(LIST), client.get(LIST, headers=PARTIAL)

    assert "<html" in text(whole)
    assert "<html" not in text(part)
    assert "Eastgate Roasters" in text(part)
    assert "HX-Request-Type" in part["Vary"]
    assert "HX-Request-Type" in whole["Vary"]


def test_a_boosted_link_gets_the_whole_page(client, company):
    page = client.get(LIST, headers={"HX-Request": "true", "HX-Request-Type": "full"})

    assert "<html" in text(page)


def test_the_first_use_explains_what_a_company_is(client, organization):
    page = text(client.get(LIST))

    assert "Add the first company" in page
    assert "<table" not in page


def test_a_filter_without_hits_is_named_and_can_be_cleared(client, company):
    page = text(client.get(LIST, {"q": "<b>nobody</b>", "status": "pending"}))

    assert "&lt;b&gt;nobody&lt;/b&gt;" in page
    assert "<b>nobody</b>" not in page
    assert "Pending" in page
    assert "Clear filters" in page


def test_searching_without_javascript_keeps_filter_and_order(client, company):
    page = text(client.get(LIST, {"status": "none", "sort": "-created"}))

    assert '<input type="hidden" name="status" value="none">' in page
    assert '<input type="hidden" name="sort" value="-created">' in page


def test_pages_follow_each_other_by_plain_links(client, organization):
    for number in range(30):
        CompanyFactory(organization=organization, name=f"Company {number:02}")
    first = text(client.get(LIST))

    (query,) = re.findall(r'rel="next" href="/o/harbour/companies/([^"]+)"', first)
    second = text(client.get(LIST + query))

    assert "Company 24" in first
    assert "Company 25" not in first
    assert "Company 29" in second
    assert "25 of 30 companies" in first
    assert 'rel="prev"' in second
    assert 'rel="next"' not in second


def test_a_page_asks_five_questions_of_its_tables_at_any_depth(client, organization):
    for number in range(60):
        ConnectionFactory(
            company=CompanyFactory(organization=organization, name=f"Company {number:02}")
        )

    def questions(url):
        with CaptureQueriesContext(connection) as captured:
            page = text(client.get(url))
        tables = r'FROM "(companies_company|connections_connection)"'
        return page, sum(1 for query in captured if re.search(tables, query["sql"]))

    page, asked = questions(LIST)
    assert asked <= 5
    while following := re.findall(r'rel="next" href="([^"]+)"', page):
        page, asked = questions(following[0])
        assert asked <= 5
    _, asked = questions(LIST + "?q=company&status=linked&sort=-pull")
    assert asked <= 5 + 1  # whom a name finds is asked before


def test_a_new_company_opens_its_page(client, organization, alice):
    response = client.post(NEW, {"name": "Westgate"})

    company = Company.objects.get()
    assert (company.name, company.created_by) == ("Westgate", alice)
    assert response.status_code == 302
    assert response["Location"] == reverse("sync:summary", args=["harbour", company.pk])


def test_a_new_company_opens_its_page_from_the_dialog(client, organization):
    response = client.post(NEW, {"name": "Westgate"}, headers=PARTIAL)

    company = Company.objects.get()
    assert response["HX-Redirect"] == reverse("sync:summary", args=["harbour", company.pk])


@pytest.mark.parametrize("name", ["", "   ", "(*)", "x" * 121])
def test_a_name_that_will_not_do_is_explained_in_its_place(client, organization, name):
    response = client.post(NEW, {"name": name}, headers=PARTIAL)

    assert response.status_code == 422
    assert "errorlist" in text(response)
    assert 'aria-invalid="true"' in text(response)
    assert "<html" not in text(response)
    assert not Company.objects.exists()


def test_without_javascript_the_open_dialog_explains(client, company):
    response = client.post(NEW, {"name": "(*)"})

    assert response.status_code == 422
    assert re.search(r'<dialog id="new-company"[^>]* open>', text(response))
    assert "errorlist" in text(response)
    assert "Eastgate Roasters" in text(response)


def test_renaming_shows_the_new_title(client, company, rename_url):
    response = client.post(rename_url, {"name": "Westgate"}, headers=PARTIAL)

    assert "<h1>Westgate</h1>" in text(response)
    assert json.loads(response["HX-Trigger"]) == {"announce": {"value": "Renamed to Westgate"}}
    assert Company.objects.get().name == "Westgate"


def test_without_javascript_the_pencil_leads_to_a_form(client, company, rename_url):
    page = text(client.get(reverse("sync:history", args=["harbour", company.pk])))
    assert f'href="{rename_url}" data-rename-start' in page
    assert re.search(r'<form class="rename"[^>]* hidden>', page)

    page = text(client.get(rename_url))

    assert re.search(rf'<form class="rename" method="post" action="{rename_url}"[^>]*"\s*>', page)
    assert 'name="name" value="Eastgate Roasters"' in page
    assert "errorlist" not in page
    assert "data-rename-cancel" not in page


def test_renaming_without_javascript_returns_to_the_company(client, company, rename_url):
    response = client.post(rename_url, {"name": "Westgate"})

    assert response["Location"] == reverse("sync:summary", args=["harbour", company.pk])
    assert Event.objects.get().type == "company.renamed"


@pytest.mark.parametrize("headers", [PARTIAL, {}])
def test_a_name_that_will_not_do_leaves_the_company_as_it_was(client, company, rename_url, headers):
    response = client.post(rename_url, {"name": "()"}, headers=headers)

    assert response.status_code == 422
    assert "errorlist" in text(response)
    assert Company.objects.get().name == "Eastgate Roasters"


def test_a_company_that_does_not_exist_cannot_be_renamed(client, organization):
    url = reverse("companies:rename", args=["harbour", uuid4()])

    assert client.post(url, {"name": "Westgate"}).status_code == 404


@pytest.mark.parametrize("role", Role)
def test_only_what_a_role_may_do_is_offered(client, company, membership, role):
    Membership.objects.filter(pk=membership.pk).update(role=role)
    page = text(client.get(LIST))

    may_delete = role in {Role.ANALYST, Role.DEVELOPER, Role.ADMINISTRATOR}
    assert ("Delete company…" in page) == may_delete
    assert "New company" in page
    assert "Refresh data" in page


def test_a_member_of_several_organizations_can_switch(client, alice, company, other_organization):
    MembershipFactory(organization=other_organization, user=alice, role=Role.ANALYST)

    here, there = text(client.get(LIST)), text(client.get("/o/quay/companies/"))

    assert 'href="/o/quay/companies/"' in here
    assert 'href="/o/harbour/companies/" aria-current="true"' in here
    assert 'href="/o/quay/companies/" aria-current="true"' in there
    assert "Eastgate Roasters" not in there
    assert "Analyst" in there


@pytest.mark.parametrize("path", [LIST, LIST + "?q=zzz", LIST + "?q=east&sort=-pull"])
def test_nothing_is_inline(client, company, path):
    ConnectionFactory(company=company)
    page = text(client.get(path))

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|hx-on|javascript:", page)


@pytest.fixture
def edit_url(company):
    return reverse("companies:edit", args=["harbour", company.pk])


def test_description_and_tags_are_kept_and_remembered_in_the_log(client, company, edit_url):
    form = {"description": " Account 17 ", "tags": "region: north\n\nowner:  Sam "}

    assert client.post(edit_url, form).status_code == 302

    company.refresh_from_db()
    assert (company.description, company.tags) == (
        "Account 17",
        {"region": "north", "owner": "Sam"},
    )
    assert Event.objects.get(type="company.edited").summary == (
        "changed the company’s description and tags"
    )
    assert "region: north" in text(client.get(edit_url))
    client.post(edit_url, form)
    assert Event.objects.filter(type="company.edited").count() == 1


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("north", "has no colon"),
        ("a: 1\na: 2", "is there twice"),
        ("\n".join(f"k{n}: v" for n in range(11)), "at most 10 tags"),
        (f"{'k' * 28}: v", "1 to 27 characters"),
        (f"k: {'v' * 101}", "at most 100 characters"),
        (": v", "1 to 27 characters"),
    ],
)
def test_tags_that_cannot_be_are_refused_in_words(client, company, edit_url, tags, said):
    response = client.post(edit_url, {"description": "", "tags": tags})

    assert response.status_code == 422
    assert said in text(response)
    company.refresh_from_db()
    assert company.tags == {}


def test_columns_are_remembered_for_the_person(client, alice, company):
    chooser = reverse("companies:columns", args=["harbour"])

    response = client.post(chooser, {"column": ["tags", "pull", "nonsense"], "query": "q=east"})

    assert response["Location"] == f"{LIST}?q=east"
    page = text(client.get(LIST))
    assert "Columns: 2 of 6" in page
    assert 'data-h="Tags"' in page
    assert 'data-h="Created"' not in page
    client.post(chooser, {"usual": "1"})
    assert 'data-h="Created"' in text(client.get(LIST))


def test_compact_rows_are_remembered_for_the_person(client, company):
    chooser = reverse("companies:columns", args=["harbour"])
    assert 'class="grid companies"' in text(client.get(LIST))

    client.post(chooser, {"column": ["pull"], "compact": "1"})

    assert 'class="grid companies compact"' in text(client.get(LIST))
    client.post(chooser, {"usual": "1", "compact": "1"})
    assert 'class="grid companies compact"' in text(client.get(LIST))
    client.post(chooser, {"usual": "1"})
    assert 'class="grid companies"' in text(client.get(LIST))


def test_whoever_chose_so_finds_first_what_needs_attention(client, alice, company):
    client.post(reverse("companies:columns", args=["harbour"]), {"attention_first": "1"})
    assert client.get(LIST).status_code == 200  # nothing does

    ConnectionFactory(company=company, status="Deauthorized")

    assert client.get(LIST)["Location"] == f"{LIST}?status=attention"
    page = text(client.get(LIST, follow=True))
    assert 'href="/o/harbour/companies/?status=all"' in page
    for asked in ("status=all", "q=", "sort=-pull", "tag=a:b"):
        assert client.get(f"{LIST}?{asked}").status_code == 200


def test_others_find_all_companies_first(client, company):
    ConnectionFactory(company=company, status="Deauthorized")

    assert client.get(LIST).status_code == 200


def test_uploaded_files_show_in_the_list(client, company):
    assert "File upload" not in text(client.get(LIST))

    UploadedFileFactory(company=company)
    page = text(client.get(LIST))

    assert page.count("File upload") == 1
    assert reverse("files:files", args=["harbour", company.pk]) in page


def test_the_list_is_taken_away_as_a_table_without_formulas(client, organization, company):
    company.description, company.tags = "=1+1", {"region": "north"}
    company.save()
    ConnectionFactory(company=company, status="Deauthorized")
    CompanyFactory(organization=organization, name="Other")

    response = client.get(reverse("companies:export", args=["harbour"]), {"q": "east"})

    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert response["Content-Disposition"].startswith('attachment; filename="companies')
    assert len(lines) == 2
    assert '"Eastgate Roasters"' in lines[1]
    assert "Sandbox: Deauthorized" in lines[1]
    assert "'=1+1" in lines[1]
    assert "region: north" in lines[1]


def test_jumping_finds_companies_while_one_types(client, organization, company):
    CompanyFactory(organization=organization, name="West of Eastgate")
    find = reverse("companies:find", args=["harbour"])

    names = re.findall(r"</svg>(.*?)<small>", text(client.get(find, {"q": "east"})))

    assert names == ["Eastgate Roasters", "West of Eastgate"]
    assert text(client.get(find, {"q": ""})).strip() == text(client.get(find, {"q": "zz"})).strip()
