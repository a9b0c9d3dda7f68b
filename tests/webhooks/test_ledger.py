"""The ledger adds up, whatever happens in whatever order."""

import datetime as dt

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companies import tenancy
from companies.models import OutboxEntry
from companies.operations import create_company
from tests.factories import OrganizationFactory
from webhooks import claims, operations, outbox
from webhooks.models import PENDING, Attempt, Delivery, WebhookConsumer, delivery_id
from webhooks.schedule import Schedule

NOW = Schedule(waits=(dt.timedelta(0),) * 3, lease=dt.timedelta(seconds=-1))
OUTCOMES = [
    (Attempt.Outcome.OK, 200),
    (Attempt.Outcome.REFUSED, 500),
    (Attempt.Outcome.REFUSED, 410),
]

step = st.one_of(
    st.just(("event",)),
    st.just(("relay",)),
    st.tuples(st.just("attempt"), st.integers(0, 2), st.sampled_from(OUTCOMES)),
    st.tuples(st.just("killed"), st.integers(0, 2)),
    st.tuples(st.just("switch"), st.integers(0, 2)),
)


class Story:
    """An organization with three endpoints, and what is to be delivered."""

    def __init__(self) -> None:
        self.organization = OrganizationFactory.create()
        self.wanted: set[tuple[object, object]] = set()
        with tenancy.entered(self.organization.pk):
            self.consumers = [
                operations.create_consumer(
                    self.organization,
                    url="https://hooks.example/",
                    event_types=["company.created"],
                    actor=None,
                )
                for _ in range(3)
            ]

    def event(self) -> None:
        create_company(self.organization, name="Bakery")

    def relay(self) -> None:
        enabled = WebhookConsumer.objects.enabled().values_list("pk", flat=True)
        waiting = OutboxEntry.objects.values_list("event_id", flat=True)
        self.wanted.update((event, consumer) for event in waiting for consumer in enabled)
        outbox.relay()

    def killed(self, place: int) -> list[claims.Claim]:
        """Take an attempt, and say nothing more."""
        consumer = self.consumers[place]
        return claims.claim(self.organization.pk, consumer.pk, most=1, schedule=NOW) or []

    def attempt(self, place: int, outcome: tuple[Attempt.Outcome, int]) -> bool:
        taken = self.killed(place)
        for claim in taken:
            result = claims.Result(
                at=timezone.now(), outcome=outcome[0], status_code=outcome[1], milliseconds=1
            )
            claims.finish(claim, result, schedule=NOW)
        return bool(taken)

    def switch(self, place: int) -> None:
        consumer = WebhookConsumer.objects.get(pk=self.consumers[place].pk)
        if not operations.disable_consumer(consumer, actor=None):
            operations.enable_consumer(consumer, actor=None)

    def end(self) -> None:
        self.relay()
        for place in range(3):
            while self.attempt(place, OUTCOMES[0]):
                pass


@pytest.mark.full
@pytest.mark.django_db
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(step, max_size=25))
def test_events_times_endpoints_are_deliveries_and_each_ends(db, steps):
    story = Story()
    with tenancy.entered(story.organization.pk):
        for act, *values in steps:
            getattr(story, act)(*values)
        story.end()

        made = Delivery.objects.values_list("event_id", "consumer_id")
        assert set(made) == story.wanted
        assert len(made) == len(story.wanted)
        assert not Delivery.objects.filter(status__in=PENDING).exists()
        assert not OutboxEntry.objects.exists()
        for delivery in Delivery.objects.all():
            attempts = Attempt.objects.filter(delivery=delivery)
            assert delivery.attempts == attempts.count()
            assert (delivery.status == "succeeded") == attempts.filter(outcome="ok").exists()


def test_a_message_made_again_has_the_id_it_had(db):
    """As after a restored backup, whose outbox holds what was told after it."""
    organization = OrganizationFactory()
    operations.create_consumer(
        organization, url="https://a.example/", event_types=["company.created"], actor=None
    )
    with tenancy.entered(organization.pk):
        create_company(organization, name="Bakery")
        event = OutboxEntry.objects.get().event
        outbox.relay()
        told = Delivery.objects.get()
        told.delete()
        OutboxEntry.objects.create(event=event, organization=organization)

        outbox.relay()

        again = Delivery.objects.get()
    assert again.webhook_id == f"msg_{delivery_id(told.consumer_id, event.pk).hex}"
