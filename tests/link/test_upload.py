"""Customers without accounting software send files instead."""

import re
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from companies.models import Event
from connections import links
from files.models import UploadedFile
from link import rate_limit
from tests.factories import UploadedFileFactory
from tests.files import samples
from tests.link.test_link_pages import press, text


@pytest.fixture
def path(company, platform) -> str:
    return urlsplit(links.link_url(company)).path


def sent(name="accounts.pdf", content=samples.PDF):
    return SimpleUploadedFile(name, content)


def test_the_way_to_it_is_beside_the_software(customer, path):
    assert f'href="{path}files/"' in customer.get(f"{path}choose/").content.decode()


def test_files_are_taken_and_named_at_the_end(customer, company, path):
    answer = press(
        customer, f"{path}files/", f"{path}files/", file=[sent(), sent("b.csv", samples.CSV)]
    )

    assert answer.status_code == 303
    shown = text(customer.get(answer["Location"]))
    assert "Harbour Lending has your files" in shown
    assert "accounts.pdf" in shown
    assert "b.csv" in shown
    assert {(file.company, file.source) for file in UploadedFile.objects.all()} == {
        (company, "link")
    }
    assert Event.objects.get().actor is None


def test_what_is_refused_is_said_and_the_rest_leads_on(customer, path):
    answer = press(
        customer, f"{path}files/", f"{path}files/", file=[sent(), sent("x.xlsx", samples.PROGRAM)]
    )

    assert answer.status_code == 422
    assert "x.xlsx : Its content is not XLSX" in text(answer)
    [onwards] = re.findall(r'href="([^"]*/files/[0-9a-f-]{36}/)"', answer.content.decode())
    assert "accounts.pdf" in text(customer.get(onwards))


def test_nothing_chosen_is_said(customer, path):
    answer = press(customer, f"{path}files/", f"{path}files/")

    assert answer.status_code == 422
    assert "Choose at least one file." in text(answer)


def test_a_link_shows_no_files_but_its_own_uploads(customer, company, path):
    ours = UploadedFileFactory(company=company)
    foreign = UploadedFileFactory(source="link")

    for file in (ours, foreign):
        assert customer.get(f"{path}files/{file.upload_id}/").status_code == 404


def test_an_unknown_link_takes_nothing(customer, path, db):
    answer = press(customer, f"{path}files/", "/link/unknown/files/", file=sent())

    assert answer.status_code == 404
    assert not UploadedFile.objects.exists()


def test_uploads_are_counted_like_visits(customer, path, monkeypatch):
    monkeypatch.setattr(rate_limit, "REQUESTS", 1)

    answers = [customer.get(f"{path}files/").status_code for _ in range(2)]

    assert answers == [200, 429]
