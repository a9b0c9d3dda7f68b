"""What is told, to whom, and that it is told as it was."""

import json
from typing import Any

import jsonschema
import pytest

from companies.models import Event, EventType, OutboxEntry, User
from companies.operations import add_product, create_company, edit_company, remove_product
from connections import links
from connections.models import Connection
from connections.operations import create_connection, deauthorize, fail_authorization
from sync import deletion
from sync import events as pull_events
from sync.models import Pull, PullStatus
from tests.factories import ConnectionFactory, PullFactory
from webhooks import catalog, operations, outbox, payloads, recovery
from webhooks.models import Delivery


def told(organization, event_type: str) -> dict[str, Any]:
    """Take the newest event of the type as others are told it; it keeps its schema."""
    event = Event.objects.filter(type=event_type).newest_first().first()
    assert event is not None
    message = json.loads(payloads.body_of(event, organization))
    jsonschema.validate(message, catalog.BY_NAME[message["eventType"]].schema)
    return message


@pytest.fixture
def consumer(organization):
    return operations.create_consumer(
        organization, url="https://hooks.example/", event_types=list(catalog.BY_NAME), actor=None
    )


@pytest.mark.parametrize("described", catalog.TYPES, ids=lambda each: each.name)
def test_samples_keep_their_schema(described):
    jsonschema.validate(described.sample, described.schema)


def test_a_company_is_told_when_it_is_made(organization, alice):
    company = create_company(organization, name="Bakery", created_by=alice)

    payload = told(organization, EventType.COMPANY_CREATED)["payload"]

    assert payload["id"] == str(company.pk)
    assert payload["createdByUserName"] == str(alice)
    assert payload["redirect"].startswith("http://127.0.0.1:8000/link/")
    assert payload["created"].endswith("Z")


def test_a_deleted_company_is_told_as_it_was(organization, alice):
    company = create_company(organization, name="Bakery")
    edit_company(company, description="Customer 7", tags={"region": "north"})
    company = add_product(company, "lending")
    deletion.delete_company(company, actor=alice)

    payload = told(organization, EventType.COMPANY_DELETED)["payload"]

    assert (payload["name"], payload["description"]) == ("Bakery", "Customer 7")
    assert payload["tags"] == {"region": "north"}
    assert payload["products"] == ["lending"]
    assert "/link/" in payload["redirect"]


def test_products_are_told_with_those_that_a_company_has_then(organization, alice, consumer):
    company = create_company(organization, name="Bakery")
    company = edit_company(company, description="Customer 7", tags={"region": "north"})
    for product in ("accounting", "lending"):
        add_product(company, product, actor=alice)

    added = told(organization, EventType.COMPANY_PRODUCT_ADDED)
    assert added["eventType"] == "company.product.added"
    assert added["payload"] == {
        "id": str(company.pk),
        "name": "Bakery",
        "description": "Customer 7",
        "productId": "lending",
        "productName": "lending",
        "products": ["accounting", "lending"],
    }

    remove_product(company, "lending", actor=alice)

    removed = told(organization, EventType.COMPANY_PRODUCT_REMOVED)
    assert removed["payload"] == added["payload"] | {"products": ["accounting"]}
    outbox.relay()
    sent = Delivery.objects.filter(event_type__startswith="company.product")
    assert sorted(each.event_type for each in sent) == [
        "company.product.added",
        "company.product.added",
        "company.product.removed",
    ]


def test_a_product_that_a_company_has_already_is_not_told_again(organization, company):
    add_product(company, "lending")
    add_product(company, "lending")
    remove_product(company, "banking")

    told_of = Event.objects.filter(type__startswith="company.product")
    assert told_of.count() == 1


def test_products_are_told_to_those_who_ask_for_the_companys_tags(organization):
    north, south = (
        operations.create_consumer(
            organization,
            url=f"https://hooks.example/{region}",
            event_types=["company.product.added"],
            company_tags=[f"region:{region}"],
            actor=None,
        )
        for region in ("north", "south")
    )
    company = create_company(organization, name="Bakery")
    edit_company(company, description="", tags={"region": "north"})
    add_product(company, "lending")

    outbox.relay()

    assert Delivery.objects.filter(consumer=north).count() == 1
    assert not Delivery.objects.filter(consumer=south).exists()


def test_connections_are_told_with_their_status_after_the_change(organization, company):
    created = create_connection(company, platform="sandbox")
    assert told(organization, EventType.CONNECTION_CREATED)["payload"]["connection"]["status"] == (
        "PendingAuth"
    )
    fail_authorization(created, status_code="403", status_text="Declined", message="No.")
    failed = told(organization, EventType.CONNECTION_FAILED)["payload"]["connection"]
    assert failed["dataConnectionErrors"][0]["statusCode"] == "403"
    assert failed["dataConnectionErrors"][0]["status"] == "Active"

    linked = ConnectionFactory.create(company=company, status=Connection.Status.LINKED)
    deauthorize(linked, reason="Withdrawn")
    lost = told(organization, EventType.CONNECTION_DEAUTHORIZED)
    assert lost["eventType"] == "connection.disconnected"
    assert lost["payload"]["connection"]["status"] == "Deauthorized"
    assert lost["payload"]["referenceCompany"]["id"] == str(company.pk)

    deletion.delete_connection(linked, actor=None)
    gone = told(organization, EventType.CONNECTION_DELETED)["payload"]["connection"]
    assert gone["id"] == str(lost["payload"]["connection"]["id"])


def test_a_revoked_link_url_is_not_replaced_by_telling_of_it(organization, company):
    links.link_url(company)
    links.revoke(company, actor=None)
    create_connection(company, platform="sandbox")

    told(organization, EventType.CONNECTION_CREATED)
    assert links.latest(company).revoked_at is not None


def finished(connection, data_type, batch, **values) -> Pull:
    values = {"status": PullStatus.COMPLETE} | values
    return PullFactory.create(connection=connection, data_type=data_type, batch=batch, **values)


def test_reads_are_told_once_for_all_connections_of_a_company(organization, company):
    first = ConnectionFactory.create(company=company)
    second = ConnectionFactory.create(company=company, source_type="Commerce")
    running = PullFactory.create(connection=first, data_type="bills", status=PullStatus.FETCHING)
    one = finished(first, "invoices", running.batch, fetched=1, added=1, warnings=2)
    other = finished(second, "items", running.batch, status=PullStatus.FETCH_ERROR)
    pull_events.record_finished(one)
    pull_events.record_finished(other)
    assert not Event.objects.filter(type=EventType.READ_COMPLETED).exists()

    Pull.objects.filter(pk=running.pk).update(status=PullStatus.COMPLETE)
    running.refresh_from_db()
    pull_events.record_finished(running)

    assert Event.objects.filter(type=EventType.READ_COMPLETED).count() == 1
    types = {
        each["dataType"]: each
        for each in told(organization, EventType.READ_COMPLETED)["payload"]["dataTypes"]
    }
    assert types["invoices"]["recordsModified"]
    assert not types["bills"]["recordsModified"]
    assert types["items"]["status"] == "FetchError"
    assert types["items"]["connectionId"] == str(second.pk)
    assert types["invoices"]["issues"][0]["type"] == "warning.validation"
    assert types["bills"]["issues"] == []


def test_a_connection_that_goes_leaves_the_rest_of_its_batch_told(organization, company):
    first = ConnectionFactory.create(company=company)
    second = ConnectionFactory.create(company=company, source_type="Commerce")
    waiting = PullFactory.create(connection=first, data_type="bills")
    pull_events.record_finished(finished(second, "items", waiting.batch))

    deletion.delete_connection(first, actor=None)

    types = told(organization, EventType.READ_COMPLETED)["payload"]["dataTypes"]
    assert [each["dataType"] for each in types] == ["items"]


def test_only_what_is_subscribed_and_tagged_is_told(organization, company, consumer):
    tagged = operations.create_consumer(
        organization,
        url="https://hooks.example/",
        event_types=["company.created"],
        company_tags=["region:north", "region:south"],
        actor=None,
    )
    create_company(organization, name="Untagged")
    kept = create_company(organization, name="Tagged")
    event = Event.objects.get(company_id=kept.pk)
    facts = event.payload["company"] | {"tags": {"region": "south"}}
    made = Event.objects.create(
        organization=organization, type="company.created", summary="x", payload={"company": facts}
    )
    OutboxEntry.objects.create(organization=organization, event=made)

    outbox.relay()

    assert [each.event_id for each in Delivery.objects.filter(consumer=tagged)] == [made.pk]
    assert Delivery.objects.filter(consumer=consumer).count() == 3
    assert not OutboxEntry.objects.exists()


def test_what_is_only_ours_stays_here(organization, company, consumer):
    edit_company(company, description="x", tags={})

    outbox.relay()

    assert not Delivery.objects.exists()


def test_replaying_sends_what_was_missed_once(organization, consumer, alice):
    create_company(organization, name="Before")
    outbox.relay()
    late = operations.create_consumer(
        organization, url="https://hooks.example/", event_types=["company.created"], actor=None
    )
    since = late.created_at.replace(year=late.created_at.year - 1)

    assert recovery.replay(late, since=since, actor=alice) == 1
    assert recovery.replay(late, since=since, actor=alice) == 0
    assert Delivery.objects.filter(consumer=late).count() == 1


def test_recovering_takes_what_failed_and_what_waited(organization, consumer, alice):
    for number in range(3):
        create_company(organization, name=f"Bakery {number}")
    outbox.relay()
    failed, succeeded, disabled = Delivery.objects.order_by("pk")
    for delivery, status in ((failed, "failed"), (succeeded, "succeeded"), (disabled, "disabled")):
        Delivery.objects.filter(pk=delivery.pk).update(status=status, next_attempt_at=None, tries=8)

    assert recovery.recover(consumer, since=consumer.created_at, actor=alice) == 2
    again = Delivery.objects.filter(status="attempting").order_by("next_attempt_at")
    assert {each.pk for each in again} == {failed.pk, disabled.pk}
    first, second = (each.next_attempt_at for each in again)
    assert first
    assert second
    assert first < second
    assert again[0].tries == 0
    assert not recovery.resend(failed, actor=alice)
    assert recovery.resend(succeeded, actor=alice)


def test_nothing_is_sent_again_to_an_endpoint_that_is_off(consumer):
    operations.disable_consumer(consumer, actor=None)

    with pytest.raises(recovery.ConsumerDisabled):
        recovery.recover(consumer, since=consumer.created_at, actor=None)
    with pytest.raises(recovery.ConsumerDisabled):
        recovery.replay(consumer, since=consumer.created_at, actor=None)


def test_who_made_a_company_is_told_by_name(organization):
    nameless = User.objects.create_user(email="x@example.com")
    create_company(organization, name="Bakery", created_by=nameless)

    assert told(organization, EventType.COMPANY_CREATED)["payload"]["createdByUserName"]
