"""The pages of webhooks: what they show, whom, and what a mistake looks like."""

import pytest
from django.urls import reverse

from companies.models import Membership
from companies.operations import create_company
from webhooks import operations, outbox, sealing
from webhooks.models import AlertRule, Attempt, Delivery, WebhookConsumer

ENTERED = {
    "url": "https://hooks.example/in",
    "description": "Billing",
    "event_types": ["company.created"],
    "company_tags": "region: north\n",
    "rate_limit": "5",
    "headers": "X-Token: hush",
}


def url_of(name: str, *args: object) -> str:
    return reverse(f"webhooks:{name}", args=["harbour", *args])


@pytest.fixture
def consumer(organization, alice) -> WebhookConsumer:
    return operations.create_consumer(
        organization,
        url="https://hooks.example/in",
        event_types=["company.created"],
        headers={"X-Token": "hush"},
        actor=alice,
    )


def test_an_endpoint_is_added(client, organization):
    response = client.post(url_of("create"), ENTERED)

    consumer = WebhookConsumer.objects.get()
    assert response["Location"] == url_of("consumer", consumer.pk)
    assert consumer.company_tags == ["region:north"]
    assert consumer.rate_limit == 5
    assert sealing.headers_of(consumer) == {"X-Token": "hush"}
    page = client.get(response["Location"]).content.decode()
    assert "hush" not in page
    assert "whsec_" not in page


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"url": "ftp://x"}, "has to begin with https://"),
        ({"url": "https://a:b@x.example/"}, "user name"),
        ({"event_types": []}, "Choose at least one event type."),
        ({"event_types": ["company.sold"]}, "company.sold is not one of"),
        ({"company_tags": "north"}, "needs the form key:value"),
        ({"rate_limit": "0"}, "greater than or equal to 1"),
        ({"headers": "no colon"}, "has no colon"),
        ({"headers": "Host: evil"}, "is set by Ledgerport"),
    ],
)
def test_mistakes_are_said_where_they_are(client, organization, changed, says):
    response = client.post(url_of("create"), ENTERED | changed)

    assert response.status_code == 422
    assert says in response.content.decode()
    assert not WebhookConsumer.objects.exists()


def test_a_private_url_is_refused_when_saved(client, organization, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False

    response = client.post(url_of("create"), ENTERED | {"url": "https://169.254.169.254/"})

    assert response.status_code == 422
    assert "inside a private network" in response.content.decode()


def test_editing_does_not_show_header_values_and_keeps_them(client, consumer):
    page = client.get(url_of("edit", consumer.pk)).content.decode()
    assert "X-Token: ••••••" in page

    client.post(url_of("edit", consumer.pk), ENTERED | {"headers": "X-Token: ••••••\nX-New: fresh"})

    consumer.refresh_from_db()
    assert sealing.headers_of(consumer) == {"X-Token": "hush", "X-New": "fresh"}


def test_the_secret_is_shown_when_asked_for_only(client, consumer):
    response = client.post(url_of("secret", consumer.pk))

    assert sealing.secret_of(consumer) in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_an_analyst_sees_and_cannot_change(client, consumer, membership):
    Membership.objects.filter(pk=membership.pk).update(role="analyst")

    page = client.get(url_of("consumer", consumer.pk)).content.decode()

    assert "hooks.example" in page
    assert "Reveal" not in page
    assert client.post(url_of("secret", consumer.pk)).status_code == 403
    assert client.post(url_of("rotate", consumer.pk)).status_code == 403


def test_a_message_shows_its_attempts_and_what_was_said_is_text(client, organization, consumer):
    create_company(organization, name="Bakery")
    outbox.relay()
    delivery = Delivery.objects.get()
    Attempt.objects.create(
        organization=organization,
        delivery=delivery,
        consumer_id=consumer.pk,
        number=1,
        at=delivery.created_at,
        outcome="refused",
        status_code=500,
        milliseconds=7,
        message="The endpoint answered 500.",
        answer="<script>alert(1)</script>",
    )

    page = client.get(url_of("delivery", consumer.pk, delivery.pk)).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert delivery.webhook_id in page
    assert "company.created" in page


def test_messages_are_filtered(client, organization, consumer):
    create_company(organization, name="Bakery")
    outbox.relay()

    for query, found in (
        ("status=sending", True),
        ("status=failed", False),
        ("type=company.created", True),
        ("type=read.completed", False),
        (f"endpoint={consumer.pk}", True),
        ("status=nonsense&from=x&after=tampered", True),
    ):
        page = client.get(f"{url_of('log')}?{query}").content.decode()
        assert ("Bakery" in page) is found, query


def test_sending_again_needs_a_time(client, consumer):
    response = client.post(url_of("recover", consumer.pk), {"since": "0000-99"}, follow=True)

    assert "Choose from when on" in response.content.decode()


def test_a_rule_is_added_and_a_mistake_is_said(client, organization):
    rule = {"kind": "read_failed", "emails": "ops@harbour.example, cto@harbour.example"}
    client.post(url_of("rule-create"), rule)
    assert AlertRule.objects.get().emails == ["ops@harbour.example", "cto@harbour.example"]

    refused = client.post(url_of("rule-create"), rule | {"emails": "nobody"})
    assert refused.status_code == 422
    assert "is no e-mail address" in refused.content.decode()
    unknown = client.post(url_of("rule-create"), rule | {"company": "x"})
    assert "Choose one of your companies." in unknown.content.decode()


def test_the_catalogue_shows_every_type(client, organization):
    page = client.get(url_of("catalog")).content.decode()

    for name in ("company.created", "read.completed.initial", "client.rateLimit.reset"):
        assert f'id="{name}"' in page
