"""What the organization says on its Link pages: help, exit, terms, invitation, files, phones."""

from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from connections import links
from connections.models import Integration
from link import invites, settings
from tests.link.test_link_pages import press, text

EXIT = "Exit without linking?"


@pytest.fixture
def path(company, platform) -> str:
    return urlsplit(links.link_url(company)).path


def say(organization, **values: object) -> None:
    settings.save_link_settings(organization, values, what="the texts", actor=None)


@pytest.mark.parametrize(
    "page", ["", "choose/", "consent/sandbox/", "files/", "credentials/tryton/"]
)
def test_every_step_has_an_exit_that_asks_without_a_script(customer, organization, path, page):
    say(organization, exit_text="A pity. Call us before you go.")
    Integration.objects.create(organization=organization, platform="tryton", is_enabled=True)

    shown = customer.get(path + page)

    assert 'command="show-modal"' in shown.text
    assert f'href="{path}exit/"' in shown.text
    assert EXIT in text(shown)
    assert "A pity. Call us before you go." in text(shown)
    assert "<script" not in shown.text


def test_the_exit_page_asks_in_the_organization_s_words(customer, organization, path):
    say(organization, exit_text="A pity.")

    shown = customer.get(f"{path}exit/")

    assert "A pity." in text(shown)
    assert shown.text.count("Exit without linking?") == 1
    assert f'href="{path}finish/"' in shown.text


def test_who_exits_is_sent_on_as_cancelled_or_may_close_the_page(customer, organization, path):
    customer.get(path)
    assert "You can close this page" in text(customer.get(f"{path}finish/"))

    say(organization, redirect_url="https://app.example/{statusCode}/{errorMessage}/{statusText}")
    assert customer.get(f"{path}finish/").headers["Location"] == (
        "https://app.example/403/User%20cancelled./"
    )


def test_who_uploaded_files_is_not_told_that_nothing_is_seen(customer, company, path):
    customer.get(path)
    csv = SimpleUploadedFile("bank.csv", b"date,amount\n2026-01-01,1\n")
    sent = press(customer, f"{path}files/", f"{path}files/", file=csv)
    assert sent.status_code == 303

    shown = text(customer.get(f"{path}exit/"))

    assert "keeps the files you uploaded" in shown
    assert EXIT not in shown


def test_help_security_and_badge_stand_on_every_page(customer, organization, path):
    say(
        organization,
        help_text="Call Ina on 0123.",
        security_url="https://harbour.example/security",
        shows_badge=False,
    )
    invite = urlsplit(invites.invite_url(settings.stored(organization))).path

    for page in (path, f"{path}choose/", invite):
        shown = customer.get(page)
        assert "Call Ina on 0123." in text(shown)
        assert 'href="https://harbour.example/security"' in shown.text
        assert "Secured by Ledgerport" not in shown.text


def test_the_badge_is_there_by_default(customer, path):
    assert "Secured by Ledgerport" in text(customer.get(path))


def test_terms_and_invite_page_are_in_the_organization_s_words(customer, organization, path):
    say(organization, terms_text="You agree to be nice.", invite_title="Join us",
        invite_body="We lend.")  # fmt: skip
    invite = urlsplit(invites.invite_url(settings.stored(organization))).path

    assert "You agree to be nice." in text(customer.get(f"{path}consent/sandbox/"))
    shown = text(customer.get(invite))
    assert "Join us" in shown
    assert "We lend." in shown


def test_files_are_offered_in_its_words_or_not_at_all(customer, organization, path):
    say(organization, upload_text="Three bank statements, please.")
    assert "Three bank statements, please." in text(customer.get(f"{path}files/"))

    say(organization, offers_upload=False)
    assert "Upload files instead" not in text(customer.get(f"{path}choose/"))
    assert customer.get(f"{path}files/").headers["Location"] == f"{path}choose/"


def test_phones_are_warned_of_what_is_hard_on_them_only(customer, organization, path):
    Integration.objects.create(organization=organization, platform="tryton", is_enabled=True)
    say(organization, warns_on_phones=True)

    assert "Linking Tryton is hard on a phone" in text(customer.get(f"{path}credentials/tryton/"))
    assert "Linking Tryton is hard on a phone" in text(customer.get(f"{path}consent/tryton/"))
    assert "hard on a phone" not in text(customer.get(f"{path}consent/sandbox/"))
    say(organization, warns_on_phones=False)
    assert "hard on a phone" not in text(customer.get(f"{path}credentials/tryton/"))


def test_the_settings_take_the_texts(client, organization):
    texts = {
        "exit_text": "A pity.",
        "help_text": "Call Ina.",
        "terms_text": "Be nice.",
        "invite_title": "Join us",
        "invite_body": "We lend.",
        "upload_text": "Statements.",
        "security_url": "https://harbour.example/security",
    }

    client.post("/o/harbour/settings/link/", texts | {"offers_upload": "on"})

    saved = settings.settings_of(organization)
    assert {name: getattr(saved, name) for name in texts} == texts
    assert saved.offers_upload
    assert not saved.shows_badge


@pytest.mark.parametrize("address", ["http://harbour.example", "javascript:alert(1)", "harbour"])
def test_the_address_of_the_security_page_is_a_whole_one(client, organization, address):
    response = client.post("/o/harbour/settings/link/", {"security_url": address})

    assert response.status_code == 422
    assert "begins with https://" in text(response)
