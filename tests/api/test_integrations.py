"""The platforms, as programs see them."""

from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from connections.integrations import switch
from connections.platforms import PLATFORMS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sandbox(settings):
    settings.SANDBOX_URL = "http://sandbox.test"


def keys(answer):
    assert answer.status_code == 200, answer.content
    return [each["key"] for each in answer.json()["results"]]


def test_every_platform_is_listed_with_what_it_gives(program):
    answer = program.get("/integrations")
    assert set(keys(answer)) == {each.code for each in PLATFORMS.values()}
    assert answer.json()["totalResults"] == len(PLATFORMS)
    sandbox = program.get("/integrations/mqjo").json()
    assert (sandbox["name"], sandbox["enabled"], sandbox["sourceType"]) == (
        "Sandbox",
        True,
        "Accounting",
    )
    assert {
        "dataType": "payments",
        "supportedFeatures": [{"featureType": "Get", "featureState": "Release"}],
    } in (sandbox["datatypeFeatures"])
    xero = program.get("/integrations/gbol").json()
    assert xero["enabled"] is False


def test_what_is_enabled_can_be_asked_for(program, organization):
    switch(organization, "hledger", on=True, actor=None)
    query = quote("sourceType=Accounting&&enabled=true")
    assert set(keys(program.get(f"/integrations?query={query}"))) == {
        "mqjo",
        PLATFORMS["hledger"].code,
    }
    assert keys(program.get("/integrations?query=name~sandb")) == ["mqjo"]
    query = quote("{key=mqjo || key=gbol} && enabled!=true")
    assert keys(program.get(f"/integrations?query={query}")) == ["gbol"]


def test_pages_and_order(program):
    names = [each["name"] for each in program.get("/integrations?orderBy=-name").json()["results"]]
    assert names == sorted(names, reverse=True)
    page = program.get("/integrations?page=2&pageSize=2&orderBy=name").json()
    assert len(page["results"]) == 2
    assert page["_links"]["previous"]["href"].startswith("/integrations?page=1&pageSize=2")


@pytest.mark.parametrize(
    "asked", ["query=colour=red", "query=enabled>true", "query=name", "orderBy=colour"]
)
def test_what_makes_no_sense_is_refused(program, asked):
    assert program.get(f"/integrations?{asked}").status_code == 400


def test_an_unknown_platform_is_not_found(program):
    assert program.get("/integrations/xxxx").status_code == 404
    assert program.get("/integrations/xxxx/branding").status_code == 404


def test_pictures_are_drawn_for_everybody(program, client):
    client.logout()
    for code in keys(program.get("/integrations")):
        branding = program.get(f"/integrations/{code}/branding").json()
        pictures = [
            branding[of][which]["image"]
            for of, which in (
                ("logo", "full"),
                ("logo", "square"),
                ("button", "default"),
                ("button", "hover"),
            )
        ]
        for picture in pictures:
            assert picture["alt"]
            path = "/brand/" + picture["src"].partition("/brand/")[2]
            drawn = client.get(path)
            assert drawn.headers["Content-Type"] == "image/svg+xml"
            ET.fromstring(drawn.content)
    assert client.get("/brand/mqjo/evil.svg").status_code == 404
    assert client.get("/brand/xxxx/full.svg").status_code == 404
