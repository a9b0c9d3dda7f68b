"""Consumers: what they may be, what is kept secret, and what is written down."""

import pytest

from companies.models import AuditEntry
from portal.crypto import Undecryptable
from tests.factories import OrganizationFactory
from webhooks import operations, sealing
from webhooks.models import Delivery, WebhookConsumer
from webhooks.operations import ConsumerRefused, TooManyConsumers

URL = "https://hooks.example/in"


@pytest.fixture
def create(organization, alice):
    def create(**values) -> WebhookConsumer:
        values = {"url": URL, "event_types": ["company.created"], "actor": alice} | values
        return operations.create_consumer(organization, **values)

    return create


def test_a_consumer_is_made_and_written_down_without_its_secrets(create, organization, alice):
    consumer = create(headers={"Authorization": "Bearer hush"}, company_tags=["region:north"])

    assert list(operations.consumers_of(organization)) == [consumer]
    assert not consumer.is_disabled
    entry = AuditEntry.objects.get(kind="webhook")
    assert (entry.action, entry.actor) == ("created", alice)
    assert entry.after
    assert entry.after["header_names"] == ["Authorization"]
    assert "hush" not in str(entry.after)
    assert "whsec" not in str(entry.after)


def test_what_is_sealed_opens_in_its_own_row_only(create):
    first, second = create(headers={"X-Token": "hush"}), create()

    assert sealing.headers_of(first) == {"X-Token": "hush"}
    assert b"hush" not in bytes(first.sealed_headers)
    second.sealed_secret = first.sealed_secret
    with pytest.raises(Undecryptable):
        sealing.secret_of(second)


def test_secrets_have_the_standard_form(create):
    secret = sealing.secret_of(create())

    assert secret.startswith("whsec_")
    assert len(secret) == len("whsec_") + 44


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("event_types", {"event_types": []}),
        ("event_types", {"event_types": ["company.sold"]}),
        ("company_tags", {"company_tags": ["north"]}),
        ("company_tags", {"company_tags": [f"k{number}:v" for number in range(11)]}),
        ("company_tags", {"company_tags": [":v"]}),
        ("rate_limit", {"rate_limit": 0}),
        ("rate_limit", {"rate_limit": 100_000}),
        ("description", {"description": "x" * 201}),
        ("headers", {"headers": {"Host": "evil"}}),
        ("headers", {"headers": {"webhook-id": "1"}}),
        ("headers", {"headers": {"svix-signature": "1"}}),
        ("headers", {"headers": {"X-A": "1\r\nX-B: 2"}}),
        ("headers", {"headers": {"X-A\r\n": "1"}}),
        ("headers", {"headers": {"X-A": ""}}),
        ("headers", {"headers": {"X-A": "ü"}}),
        ("headers", {"headers": {"X-A": "1", "x-a": "2"}}),
        ("headers", {"headers": {f"X-{number}": "1" for number in range(21)}}),
        ("url", {"url": "ftp://hooks.example/"}),
        ("url", {"url": "https://alice:pw@hooks.example/"}),
    ],
)
def test_what_a_consumer_cannot_be_is_refused_by_field(create, field, values):
    with pytest.raises(ConsumerRefused) as refused:
        create(**values)

    assert refused.value.field == field
    assert not WebhookConsumer.objects.exists()


def test_an_organization_has_at_most_fifty(create, organization):
    made = [create() for _ in range(2)]
    WebhookConsumer.objects.bulk_create(
        WebhookConsumer(
            organization=organization, url=URL, event_types=["x"], sealed_secret=b"sealed"
        )
        for _ in range(48)
    )

    with pytest.raises(TooManyConsumers, match="at most 50"):
        create()
    operations.delete_consumer(made[0], actor=None)
    create()


def test_editing_keeps_header_values_that_are_not_entered_again(create):
    consumer = create(headers={"X-Old": "gone", "X-Token": "hush"})

    changed = operations.update_consumer(
        consumer,
        url="https://hooks.example/other",
        event_types=["read.completed", "company.created"],
        company_tags=[],
        description="Billing",
        rate_limit=3,
        headers={"X-Token": None, "X-New": "fresh"},
        actor=None,
    )

    assert sealing.headers_of(changed) == {"X-Token": "hush", "X-New": "fresh"}
    assert changed.event_types == ["company.created", "read.completed"]
    entry = AuditEntry.objects.get(kind="webhook", action="changed")
    assert entry.after
    assert entry.before
    assert entry.after["header_values"] == "changed"
    assert entry.before["url"] == URL


def test_switching_off_ends_what_waits_and_twice_is_once(create, alice):
    consumer = create()
    operations.send_example(consumer, "company.created", actor=alice)

    assert operations.disable_consumer(consumer, actor=alice)
    assert not operations.disable_consumer(consumer, actor=alice)
    assert Delivery.objects.get().status == "disabled"
    with pytest.raises(ConsumerRefused):
        operations.send_example(consumer, "company.created", actor=alice)
    assert operations.enable_consumer(consumer, actor=alice)
    assert not operations.enable_consumer(consumer, actor=alice)
    assert AuditEntry.objects.filter(kind="webhook", action="switched off").count() == 1


def test_looking_at_the_secret_is_written_down(create, alice):
    consumer = create()

    assert operations.reveal_secret(consumer, actor=alice) == sealing.secret_of(consumer)
    assert AuditEntry.objects.filter(action="revealed the secret of").exists()


def test_the_former_secret_signs_for_a_day(create):
    consumer = create()
    former = sealing.secret_of(consumer)
    fresh = operations.rotate_secret(consumer, actor=None)
    consumer.refresh_from_db()

    assert sealing.secrets_in_force(consumer) == [fresh, former]
    consumer.previous_secret_until = consumer.created_at
    assert sealing.secrets_in_force(consumer) == [fresh]


def test_deleting_twice_says_so(create):
    consumer = create()
    operations.delete_consumer(consumer, actor=None)

    with pytest.raises(operations.Deleted):
        operations.delete_consumer(consumer, actor=None)


def test_another_organization_sees_none(create):
    create()

    assert not operations.consumers_of(OrganizationFactory.create()).exists()
