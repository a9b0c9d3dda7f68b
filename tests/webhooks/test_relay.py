"""The relay with real endpoints, real Redis and real PostgreSQL."""

import time
from datetime import timedelta

import pytest
import standardwebhooks
import svix
from django.utils import timezone

from companies import tenancy
from companies.models import AuditEntry, OutboxEntry
from companies.operations import add_product, create_company, remove_product
from tests.factories import OrganizationFactory
from tests.webhooks.running import QUICK, relaying, until, until_ended
from tests.webhooks.sink import Sink, refused_url, serving
from webhooks import claims, operations, outbox, sealing
from webhooks.models import Attempt, Delivery, DeliveryStatus, WebhookConsumer
from webhooks.schedule import Schedule

pytestmark = pytest.mark.django_db(transaction=True)

Status = DeliveryStatus


@pytest.fixture
def harbour():
    return OrganizationFactory.create(name="Harbour Lending", slug="harbour")


def consumer_of(organization, url, **values) -> WebhookConsumer:
    values = {"event_types": ["company.created"], "actor": None} | values
    return operations.create_consumer(organization, url=url, **values)


def happen(organization, count: int = 1) -> None:
    with tenancy.entered(organization.pk):
        for number in range(count):
            create_company(organization, name=f"Bakery {number}")


def statuses(organization) -> list[str]:
    with tenancy.entered(organization.pk):
        return sorted(Delivery.objects.values_list("status", flat=True))


def attempts(organization) -> list[Attempt]:
    with tenancy.entered(organization.pk):
        return list(Attempt.objects.order_by("delivery_id", "number"))


def again(consumer) -> WebhookConsumer:
    with tenancy.entered(consumer.organization_id):
        return WebhookConsumer.objects.get(pk=consumer.pk)


def test_what_happens_arrives_signed(harbour):
    with serving() as sink, relaying():
        consumer = consumer_of(harbour, sink.url, headers={"X-Token": "hush-hush"})
        happen(harbour)
        until(lambda: sink.received)
        until_ended(harbour)

    (received,) = sink.received
    assert received.message["eventType"] == "company.created"
    assert received.message["payload"]["name"] == "Bakery 0"
    assert received.headers["x-token"] == "hush-hush"
    with tenancy.entered(harbour.pk):
        secret = sealing.secret_of(again(consumer))
        assert not OutboxEntry.objects.exists()
    standardwebhooks.Webhook(secret).verify(received.body, received.headers)
    svix.Webhook(secret).verify(received.body, received.headers)
    assert statuses(harbour) == [Status.SUCCEEDED]
    (attempt,) = attempts(harbour)
    assert (attempt.status_code, attempt.answer) == (200, "thank you")
    assert attempt.request_headers["X-Token"] == "…"


def test_a_product_that_changes_arrives_signed(harbour):
    with serving() as sink, relaying():
        types = ["company.product.added", "company.product.removed"]
        consumer = consumer_of(harbour, sink.url, event_types=types)
        with tenancy.entered(harbour.pk):
            company = create_company(harbour, name="Bakery")
            add_product(company, "lending")
        with tenancy.entered(harbour.pk):
            remove_product(company, "lending")
        until(lambda: len(sink.received) == 2)
        until_ended(harbour)

    with tenancy.entered(harbour.pk):
        secret = sealing.secret_of(again(consumer))
    for received in sink.received:
        standardwebhooks.Webhook(secret).verify(received.body, received.headers)
        svix.Webhook(secret).verify(received.body, received.headers)
    messages = [received.message for received in sink.received]
    told = {each["eventType"]: each["payload"]["products"] for each in messages}
    assert told == {"company.product.added": ["lending"], "company.product.removed": []}


def test_both_secrets_sign_after_a_rotation(harbour):
    with serving() as sink, relaying():
        consumer = consumer_of(harbour, sink.url)
        with tenancy.entered(harbour.pk):
            former = sealing.secret_of(consumer)
        fresh = operations.rotate_secret(consumer, actor=None)
        happen(harbour)
        until(lambda: sink.received)

    for secret in (former, fresh):
        svix.Webhook(secret).verify(sink.received[0].body, sink.received[0].headers)


def test_a_failure_is_tried_again_under_the_same_id_until_the_schedule_ends(harbour):
    with serving(Sink(answer=500)) as sink, relaying():
        consumer = consumer_of(harbour, sink.url)
        happen(harbour)
        until(lambda: sink.received)
        until_ended(harbour)

    assert len(sink.received) == QUICK.most_tries
    assert len(set(sink.ids)) == 1
    assert statuses(harbour) == [Status.FAILED]
    assert again(consumer).failing_since is not None


@pytest.mark.parametrize(
    ("sink", "outcome"),
    [
        (Sink(answer=302, headers={"Location": "http://169.254.169.254/"}), "redirected"),
        (Sink(answer="slow"), "timed_out"),
        (Sink(answer="headers"), "broken"),
        (Sink(answer="drip"), "ok"),
        (Sink(answer="endless"), "ok"),
        (Sink(answer=204, says=b""), "ok"),
        (Sink(answer=404, says=b"\x00\xff nothing here"), "refused"),
    ],
    ids=["redirect", "slow", "headers", "drip", "endless", "no content", "not found"],
)
def test_odd_endpoints_are_bounded(harbour, sink, outcome):
    once = Schedule(waits=(), answer_within=timedelta(seconds=1), lease=timedelta(seconds=3))
    with serving(sink), relaying(once):
        consumer_of(harbour, sink.url)
        began = time.monotonic()
        happen(harbour)
        until(lambda: attempts(harbour))
        until_ended(harbour)
        took = time.monotonic() - began

    (attempt,) = attempts(harbour)
    assert attempt.outcome == outcome, attempt.message
    assert len(attempt.answer.encode()) <= 3 * 1024
    assert took < 6


def test_an_endpoint_that_says_our_headers_back_does_not_put_them_in_the_log(harbour):
    with (
        serving(Sink(answer=400, says=b"bad token: hush-hush")) as sink,
        relaying(Schedule(waits=())),
    ):
        consumer_of(harbour, sink.url, headers={"X-Token": "hush-hush"})
        happen(harbour)
        until(lambda: attempts(harbour))

    assert attempts(harbour)[0].answer == "bad token: …"


def test_nobody_listening_is_a_failure_in_words(harbour):
    with relaying(Schedule(waits=())):
        consumer_of(harbour, refused_url())
        happen(harbour)
        until(lambda: attempts(harbour))

    assert attempts(harbour)[0].outcome == Attempt.Outcome.UNREACHABLE
    assert "could not be reached" in attempts(harbour)[0].message


def test_a_private_address_is_refused_when_sending_too(harbour, settings):
    with serving() as sink:
        consumer_of(harbour, sink.url)
        settings.ALLOW_PRIVATE_ADDRESSES = False
        with relaying(Schedule(waits=())):
            happen(harbour)
            until(lambda: attempts(harbour))

    assert sink.received == []
    assert attempts(harbour)[0].outcome == Attempt.Outcome.NOT_ALLOWED
    assert "private network" in attempts(harbour)[0].message


def test_gone_disables_at_once_and_what_waits_can_be_recovered(harbour):
    with serving(Sink(answer=410)) as sink, relaying():
        consumer = consumer_of(harbour, sink.url)
        happen(harbour, 3)
        until(lambda: again(consumer).is_disabled)
        until_ended(harbour)

    assert again(consumer).disabled_by == "gone"
    with tenancy.entered(harbour.pk):
        assert AuditEntry.objects.filter(kind="webhook", action="switched off").exists()
    assert set(statuses(harbour)) == {Status.DISABLED}


@pytest.mark.full
def test_an_endpoint_that_only_fails_is_disabled_and_one_success_clears_it(harbour):
    schedule = Schedule(
        waits=(timedelta(milliseconds=100),) * 50,
        answer_within=timedelta(seconds=1),
        disabled_after=timedelta(seconds=2),
    )
    with serving(Sink(answer=500)) as sink, relaying(schedule):
        consumer = consumer_of(harbour, sink.url)
        happen(harbour)
        until(lambda: len(sink.received) > 2)
        sink.answer = 200
        until_ended(harbour)
        assert again(consumer).failing_since is None
        sink.answer = 500
        happen(harbour)
        until(lambda: again(consumer).is_disabled)

    assert again(consumer).disabled_by == "failures"
    assert statuses(harbour) == [Status.DISABLED, Status.SUCCEEDED]


@pytest.mark.full
def test_an_endpoint_that_asks_for_time_gets_it(harbour):
    sink = Sink(answer=429, headers={"Retry-After": "2"})
    with serving(sink), relaying():
        consumer_of(harbour, sink.url)
        happen(harbour, 10)
        until(lambda: sink.received)
        sink.answer, sink.headers = 200, {}
        until_ended(harbour)

    late = [each for each in sink.received if each.at > sink.received[0].at + 1]
    early = [each for each in sink.received if each not in late]
    assert len(early) <= 5  # what was on its way already
    assert min(each.at for each in late) >= sink.received[0].at + 1.8
    assert set(statuses(harbour)) == {Status.SUCCEEDED}


@pytest.mark.full
def test_at_most_five_requests_at_once_whatever_number_of_relays(harbour):
    with serving(Sink(answer="slow", seconds=0.3)) as sink, relaying(), relaying():
        consumer_of(harbour, sink.url)
        happen(harbour, 30)
        until(lambda: len(sink.received) == 30)
        until_ended(harbour)

    assert sink.most_at_once == 5
    assert len(set(sink.ids)) == 30


@pytest.mark.full
def test_a_rate_limit_slows_down_and_drops_nothing(harbour):
    with serving() as sink, relaying():
        consumer_of(harbour, sink.url, rate_limit=10)
        happen(harbour, 20)
        until(lambda: len(sink.received) == 20)

    took = sink.received[-1].at - sink.received[0].at
    assert took > 1.7
    assert took < 8


def test_messages_wait_for_no_switched_off_endpoint(harbour):
    with serving() as sink, relaying():
        consumer = consumer_of(harbour, sink.url, disabled=True)
        happen(harbour)
        with tenancy.entered(harbour.pk):
            until(lambda: not OutboxEntry.objects.exists())
        operations.enable_consumer(again(consumer), actor=None)
        happen(harbour)
        until(lambda: sink.received)

    assert len(sink.received) == 1


@pytest.mark.full
def test_killed_with_an_attempt_in_hand_it_comes_again_under_the_same_id(harbour):
    with serving() as sink:
        consumer = consumer_of(harbour, sink.url)
        happen(harbour)
        outbox.relay()
        (lost,) = claims.claim(harbour.pk, consumer.pk, most=5, schedule=QUICK) or []
        assert claims.claim(harbour.pk, consumer.pk, most=5, schedule=QUICK) == []
        began = timezone.now()
        with relaying():
            until(lambda: sink.received)
            until_ended(harbour)

    assert sink.ids == [lost.message_id]
    assert timezone.now() - began > timedelta(seconds=2)
    late = claims.Result(at=began, outcome=Attempt.Outcome.REFUSED, milliseconds=1)
    assert not claims.finish(lost, late, schedule=QUICK)
    assert statuses(harbour) == [Status.SUCCEEDED]
