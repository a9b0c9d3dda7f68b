"""Asking a company for its data by e-mail."""

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from companies.models import Event
from connections import links
from link import requests
from link.settings import save_link_settings
from tests.link.test_link_pages import text

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def _counters():
    cache.clear()


@pytest.fixture
def url(organization, company) -> str:
    return reverse("link_portal:request", args=[organization.slug, company.pk])


def test_the_link_url_goes_out_in_the_organization_s_name(client, company, url, alice):
    save_link_settings(
        company.organization,
        {"display_name": "Harbour Capital", "primary_colour": "#ffd400"},
        what="the settings",
        actor=None,
    )

    response = client.post(
        url, {"to": "owner@eastgate.example", "message": "Dear <Ina>,\nplease."}, follow=True
    )

    assert "on its way to owner@eastgate.example" in text(response)
    (sent,) = mail.outbox
    assert isinstance(sent, mail.EmailMultiAlternatives)
    assert sent.to == ["owner@eastgate.example"]
    assert sent.reply_to == [alice.email]
    assert sent.from_email.startswith("Harbour Capital <")
    assert sent.subject == "Harbour Capital asks for the accounts of Eastgate Roasters"
    html = str(sent.alternatives[0][0])
    for body in (str(sent.body), html):
        assert links.link_url(company) in body
    assert "Dear <Ina>" in str(sent.body)
    assert "Dear &lt;Ina&gt;" in html
    assert "background:#ffd400;color:#000000" in html
    event = Event.objects.get(type="link_url.sent")
    assert (event.actor, event.company_id) == (alice, company.pk)
    assert event.summary == "sent the Link URL to owner@eastgate.example"


def test_a_name_with_line_breaks_makes_no_headers(client, company, url):
    save_link_settings(
        company.organization,
        {"display_name": "Harbour\r\nBcc: all@example.com"},
        what="the settings",
        actor=None,
    )

    client.post(url, {"to": "owner@eastgate.example"})

    (sent,) = mail.outbox
    assert "\n" not in sent.subject + sent.from_email
    assert sent.message()["Bcc"] is None


@pytest.mark.parametrize("to", ["", "nobody", "a@b.example, c@d.example", "a@b.example\nBcc: x@y"])
def test_what_is_no_address_is_said_so(client, url, to):
    response = client.post(url, {"to": to}, headers=PARTIAL)

    assert response.status_code == 422
    assert 'id="request-form"' in response.content.decode()
    assert not mail.outbox


def test_only_so_many_go_out_in_a_day(client, url, monkeypatch):
    monkeypatch.setattr(requests, "MOST", 1)

    client.post(url, {"to": "owner@eastgate.example"})
    refused = client.post(url, {"to": "owner@eastgate.example"})

    assert refused.status_code == 422
    assert "in a day" in text(refused)
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_silent_is_said_so(client, url, monkeypatch):
    def refuse(_self):
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)

    response = client.post(url, {"to": "owner@eastgate.example"})

    assert response.status_code == 422
    assert "nothing was sent" in text(response)
    assert not Event.objects.filter(type="link_url.sent").exists()


def test_the_dialog_has_the_link_to_copy_and_the_form(client, company, url):
    dialog = client.get(url, headers=PARTIAL).content.decode()
    page = client.get(url).content.decode()

    for shown in (dialog, page):
        assert links.link_url(company) in shown
        assert 'name="to"' in shown
    assert "<html" not in dialog
    sent = client.post(url, {"to": "owner@eastgate.example"}, headers=PARTIAL)
    assert sent.status_code == 200
    assert "on its way" in sent.headers["HX-Trigger"]
