"""An organization's own settings, as programs see them."""

from io import BytesIO

import pytest
from PIL import Image

from api.keys import create_key, find_key, keys_of
from api.models import Scope
from companies.models import AuditEntry
from link.settings import save_logo, settings_of
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

REDIRECT = "https://app.example.com/done?company={companyId}"


def test_the_profile_is_what_the_portal_shows(program, organization):
    body = {
        "name": "Harbour  Capital",
        "redirectUrl": REDIRECT,
        "whiteListUrls": ["https://app.example.com"],
    }
    answer = program.put("/profile", body)
    assert answer.status_code == 200, answer.content
    organization.refresh_from_db()
    assert organization.name == "Harbour Capital"
    assert settings_of(organization).redirect_url == REDIRECT
    assert answer.json() == body | {"name": "Harbour Capital"} == program.get("/profile").json()
    kinds = set(AuditEntry.objects.within(organization).values_list("kind", flat=True))
    assert {"organization", "link_settings", "api_settings"} <= kinds


def a_picture() -> bytes:
    picture = BytesIO()
    Image.new("RGB", (40, 20), "navy").save(picture, "PNG")
    return picture.getvalue()


def test_the_profile_names_a_logo_that_can_be_seen(program, organization, client):
    save_logo(organization, a_picture(), actor=None)
    profile = program.get("/profile").json()
    path = profile["logoUrl"].partition("/link/")[2]
    assert client.get(f"/link/{path}").status_code == 200
    assert program.put("/profile", profile).status_code == 200


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", " "),
        ("name", "x" * 121),
        ("redirectUrl", "javascript:alert(1)"),
        ("logoUrl", "https://example.com/logo.png"),
        ("iconUrl", "https://example.com/icon.png"),
        ("whiteListUrls", ["https://example.com/path"]),
    ],
)
def test_a_profile_that_cannot_be_kept_is_refused_as_a_whole(program, organization, member, value):
    was = program.get("/profile").json()
    answer = program.put("/profile", {"name": "New", "redirectUrl": "", member: value})
    assert answer.status_code == 400
    assert answer.json()["validation"]["errors"]
    assert program.get("/profile").json() == was


def test_sync_settings_are_written_in_hours(program, organization):
    setting = {
        "dataType": "invoices",
        "fetchOnFirstLink": False,
        "syncSchedule": 24,
        "syncOrder": 0,
    }
    body = {"clientId": str(organization.pk), "settings": [setting], "overridesDefaults": True}
    assert program.post("/profile/syncSettings", body).status_code == 204
    held = program.get("/profile/syncSettings").json()
    assert held["clientId"] == str(organization.pk)
    (invoices,) = [each for each in held["settings"] if each["dataType"] == "invoices"]
    assert (invoices["syncSchedule"], invoices["fetchOnFirstLink"]) == (24, False)


def test_a_data_type_has_its_settings_once(program, organization):
    setting = {"dataType": "invoices", "fetchOnFirstLink": False, "syncOrder": 0}
    body = {
        "clientId": str(organization.pk),
        "settings": [setting | {"syncSchedule": 24}, setting | {"syncSchedule": 1}],
        "overridesDefaults": True,
    }
    answer = program.post("/profile/syncSettings", body)
    assert answer.status_code == 400
    (issue,) = answer.json()["validation"]["errors"]
    assert issue["message"] == "invoices: its settings are sent 2 times."


def test_sync_settings_of_another_client_are_refused(program):
    body = {
        "clientId": "7e5fbf5e-4fcb-4f5c-9d2c-3f6d1ab1bc55",
        "settings": [],
        "overridesDefaults": True,
    }
    assert program.post("/profile/syncSettings", body).status_code == 400


@pytest.mark.parametrize("path", ["/corsSettings", "/connectionManagement/corsSettings"])
def test_origins_are_one_list_at_both_addresses(program, path):
    answer = program.post(path, {"allowedOrigins": ["https://app.example.com/"]})
    assert answer.status_code == 200
    wanted = {"allowedOrigins": ["https://app.example.com"]}
    assert answer.json() == wanted
    assert program.get("/corsSettings").json() == wanted
    assert program.get("/connectionManagement/corsSettings").json() == wanted
    assert program.post(path, {"allowedOrigins": ["app"]}).status_code == 400


def test_a_key_is_shown_once(program, organization):
    answer = program.post("/apiKeys", {"name": "Nightly"})
    assert answer.status_code == 201
    made = answer.json()
    key = find_key(made["apiKey"])
    assert key is not None
    assert (str(key.pk), made["name"]) == (made["id"], "Nightly")
    listed = program.get("/apiKeys").json()["results"]
    assert [each["name"] for each in listed] == ["test", "Nightly"]
    assert all("apiKey" not in each for each in listed)


def test_a_key_needs_no_name(program):
    assert program.post("/apiKeys").status_code == 201
    assert program.post("/apiKeys", {"name": "x" * 51}).status_code == 400


def test_the_eleventh_key_is_refused(program, organization):
    for _ in range(9):
        create_key(organization, name="", actor=None)
    answer = program.post("/apiKeys", {"name": "one too many"})
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("Maximum number of API keys reached.")


def test_a_revoked_key_opens_nothing_and_the_last_one_stays(program, organization):
    made = program.post("/apiKeys", {"name": "Other"}).json()
    answer = program.delete(f"/apiKeys/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert find_key(made["apiKey"]) is None
    assert program.delete(f"/apiKeys/{made['id']}").status_code == 404
    (last,) = keys_of(organization)
    assert program.delete(f"/apiKeys/{last.pk}").status_code == 409


def test_settings_need_the_scope(program_of, organization):
    program = program_of(organization, scopes=[Scope.READ])
    assert program.get("/profile").status_code == 200
    assert program.put("/profile", {"name": "New", "redirectUrl": ""}).status_code == 403
    assert program.get("/apiKeys").status_code == 403


def test_a_key_gives_none_more_than_it_has(program_of, organization):
    program = program_of(organization, scopes=[Scope.ADMIN])
    made = program.post("/apiKeys", {"name": "helper"}).json()
    assert made["scopes"] == ["admin"]
    assert Program(made["apiKey"]).get("/companies").status_code == 403
