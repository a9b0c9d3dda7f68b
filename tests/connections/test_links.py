import base64
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from companies import tenancy
from companies.models import Event
from connections import links
from connections.models import LinkUrl
from tests.factories import CompanyFactory, ConnectionFactory, LinkUrlFactory


def token(url: str) -> str:
    return url.removeprefix("http://127.0.0.1:8000/link/").removesuffix("/")


def test_a_company_keeps_its_link_url(company):
    first = links.link_url(company)

    assert links.link_url(company) == first
    found = links.find(token(first))
    assert found is not None
    assert found.company_id == company.pk


def test_a_connection_has_a_link_url_of_its_own(company):
    connection = ConnectionFactory.create(company=company)

    url = links.link_url(company, connection=connection)

    assert url != links.link_url(company)
    found = links.find(token(url))
    assert found is not None
    assert found.connection_id == connection.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gone", ["company", "connection"])
def test_what_is_deleted_meanwhile_gets_none_and_fails_no_other(gone):
    """Whoever deletes is waited for: a Link URL of what is gone would be refused at the commit."""
    company, others = CompanyFactory(), []
    organization_id = company.organization_id
    with tenancy.entered(organization_id):
        connection = ConnectionFactory(company=company)
        others = [CompanyFactory(organization=company.organization).pk for _ in range(2)]
    doomed = {"company": company, "connection": connection}[gone]
    is_asked, urls = threading.Event(), {}

    def ask() -> None:
        is_asked.set()
        urls.update(
            links.link_urls(
                organization_id,
                company_ids=[company.pk, *others],
                connection_ids=[connection.pk],
            )
        )
        database.close()

    asker = threading.Thread(target=ask)
    with tenancy.entered(organization_id):
        doomed.__class__.objects.select_for_update().get(pk=doomed.pk)
        asker.start()
        is_asked.wait()
        time.sleep(0.3)  # by then it waits, or has made what will be in the way
        doomed.__class__.objects.filter(pk=doomed.pk).delete()
    asker.join()

    assert set(urls) == {*others} | ({company.pk} if gone == "connection" else set())


def test_the_database_does_not_hold_the_token(company):
    url = links.link_url(company)

    row = LinkUrl.objects.values().get()
    digest = base64.urlsafe_b64decode(token(url) + "=")[16:]
    assert len(digest) == 16
    assert not any(token(url) in str(value) or digest.hex() in str(value) for value in row.values())


def other_letter(letter: str) -> str:
    """The alphabet's next: of the last letter of a token it changes only bits that say nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(letter) ^ 1]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[:-1],
        lambda t: t + "A",
        lambda t: other_letter(t[0]) + t[1:],
        lambda t: t[:-1] + other_letter(t[-1]),
    ],
)
def test_a_token_that_was_altered_leads_nowhere(company, spoil):
    assert links.find(spoil(token(links.link_url(company)))) is None


@pytest.mark.parametrize(
    "text", ["", "x", "é" * 43, "\x00" * 43, "a" * 5000, "9f1c6f0e-7f0e-4d0c-8a53-6f0a3a2d8b11"]
)
def test_what_is_no_token_leads_nowhere(db, text):
    assert links.find(text) is None


def test_the_id_alone_does_not_open_the_link(company):
    link = LinkUrlFactory.create(company=company)
    forged = base64.urlsafe_b64encode(link.pk.bytes + bytes(16)).rstrip(b"=").decode()

    assert links.find(forged) is None
    assert links.find(links.token_of(link.pk)) == link


def test_a_key_that_was_replaced_still_opens_old_links(company, settings):
    url = links.link_url(company)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-anybody-to-accept"

    assert links.find(token(url)) is not None


def test_an_expired_link_leads_nowhere_and_is_replaced(company):
    old = LinkUrlFactory.create(company=company, expires_at=timezone.now() - timedelta(seconds=1))

    assert links.find(links.token_of(old.pk)) is None
    assert links.token_of(old.pk) not in links.link_url(company)


def test_renewing_ends_the_old_link(company, alice):
    old = links.link_url(company)

    new = links.renew(company, actor=alice)

    assert links.find(token(old)) is None
    assert links.find(token(new)) is not None
    assert Event.objects.get().type == "link_url.renewed"


def test_a_revoked_link_leads_nowhere_until_renewed(company, alice):
    old = links.link_url(company)

    links.revoke(company, actor=alice)
    links.revoke(company, actor=alice)

    assert links.find(token(old)) is None
    assert links.latest(company).revoked_at is not None
    assert [event.type for event in Event.objects.all()] == ["link_url.revoked"]


def test_renewing_one_link_leaves_the_others(company, alice):
    connection = ConnectionFactory.create(company=company)
    kept = links.link_url(company, connection=connection)

    links.renew(company, actor=alice)

    assert links.find(token(kept)) is not None
