"""Developers → API keys and API reference, as members see them."""

import base64
import html
import re

import pytest
from django.urls import reverse

from api.keys import create_key, find_key, keys_of
from api.models import ApiKey
from api.reference import reference
from companies.models import AuditEntry

pytestmark = pytest.mark.django_db

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
NEW = {"name": "Nightly import", "scopes": ["read", "refresh"], "expires": "30"}


@pytest.fixture
def url(organization):
    def of(name, **parameters):
        return reverse(
            f"api_portal:{name}", kwargs={"organization": organization.slug} | parameters
        )

    return of


def text(response) -> str:
    words = re.sub(r"<[^>]*>", " ", response.content.decode())
    return " ".join(html.unescape(words).split())


def shown(response) -> dict[str, str]:
    body = response.content.decode()
    return {
        label: html.unescape(value)
        for value, label in re.findall(r'value="([^"]*)" readonly aria-label="([^"]*)"', body)
    }


@pytest.mark.parametrize("headers", [{}, PARTIAL])
def test_a_key_is_shown_once_with_its_header(client, url, organization, alice, headers):
    response = client.post(url("create-key"), NEW, headers=headers)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    key = find_key(shown(response)["API key"])
    assert key is not None
    scheme, encoded = (
        shown(response)["Authorization header"].removeprefix("Authorization: ").split()
    )
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", shown(response)["API key"])
    (held,) = keys_of(organization)
    assert (held.name, held.scopes, held.created_by) == (
        "Nightly import",
        ["read", "refresh"],
        alice,
    )
    assert held.expires_at
    assert (held.expires_at - held.created_at).days in {29, 30}
    assert AuditEntry.objects.within(organization).get().kind == "api_key"
    page = client.get(url("keys"))
    assert shown(page) == {}
    assert f"Nightly import lpk_…{held.ending}" in text(page)
    assert "by " in text(page)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"scopes": []}, "Choose what it may be used for"),
        ({"scopes": ["root"]}, "Select a valid choice"),
        ({"expires": "7"}, "Select a valid choice"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(client, url, changes, words):
    for headers in ({}, PARTIAL):
        response = client.post(url("create-key"), NEW | changes, headers=headers)
        assert response.status_code == 422
        assert words in text(response)
    assert not ApiKey.objects.exists()


def test_ten_keys_are_the_most_and_the_page_says_so_beforehand(client, url, organization):
    assert "at most 10 keys; 0 are in use" in text(client.get(url("keys")))
    for _ in range(10):
        create_key(organization, name="", actor=None)
    page = client.get(url("keys"))
    assert "There are 10 keys, and no more are possible" in text(page)
    response = client.post(url("create-key"), NEW)
    assert response.status_code == 422
    assert "Maximum number of API keys reached" in text(response)


def test_revoking_asks_first_and_keeps_the_last_key(client, url, organization):
    first, _ = create_key(organization, name="First", actor=None)
    second, secret = create_key(organization, name="Second", actor=None)
    asked = client.get(url("revoke-key", key_id=second.pk))
    assert "Revoke Second" in text(asked)
    dialog = client.get(url("revoke-key", key_id=second.pk), headers=PARTIAL)
    assert dialog.content.decode().lstrip().startswith("<dialog")
    assert find_key(secret) is not None
    done = client.post(url("revoke-key", key_id=second.pk), follow=True)
    assert "refused" in text(done)
    assert find_key(secret) is None
    kept = client.post(url("revoke-key", key_id=first.pk), follow=True)
    assert "This is the last API key" in text(kept)
    assert [key.pk for key in keys_of(organization)] == [first.pk]


def test_without_keys_the_page_says_what_they_are_for(client, url):
    assert "No API keys yet" in text(client.get(url("keys")))


def test_the_reference_has_every_operation_and_every_schema(client, url):
    page = client.get(url("reference")).content.decode()
    operations = [each for subject in reference().subjects for each in subject.operations]
    assert len(operations) > 40
    for operation in operations:
        assert f'id="{operation.id}"' in page, operation.id
        assert operation.scope, operation.id
        assert operation.example.startswith("curl ")
    anchors = re.findall(r'href="#([^"]+)"', page)
    names = re.findall(r' id="([^"]+)"', page)
    assert set(anchors) <= {*names, "main"}
    assert len(names) == len(set(names))


def test_the_document_can_be_taken_along(client, url):
    assert 'download="openapi.json"' in client.get(url("reference")).content.decode()
    client.logout()
    document = client.get("/api/openapi.json").json()
    assert "/api/companies" in document["paths"]
