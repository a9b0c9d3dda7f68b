"""A thousand events to endpoints that misbehave in every way; nothing is lost, nobody waits.

    python -m pytest -s tests/webhooks/test_flaky.py --full
    python -m tests.webhooks.flaky [EVENTS]

Each endpoint misbehaves, then mends. In the end every event was taken by every endpoint that wanted
it, duplicates came under the same id only, and the healthy tenant was never late.
"""

import os
import random
import statistics
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from companies import tenancy
from companies.models import Event
from companies.operations import create_company
from tests.factories import OrganizationFactory
from tests.webhooks.running import relaying, until
from tests.webhooks.sink import Received, Sink, refused_url, serving
from webhooks import operations, recovery
from webhooks.models import PENDING, Attempt, Delivery, WebhookConsumer
from webhooks.schedule import Schedule

#: Hours as seconds; an endpoint that hangs is cut after two.
SCHEDULE = Schedule(
    waits=tuple(timedelta(seconds=each) for each in (0.1, 0.5, 1, 2)),
    answer_within=timedelta(seconds=2),
    connect_within=timedelta(seconds=1),
    lease=timedelta(seconds=10),
)
_PRIVATE = {"Location": "http://169.254.169.254/latest/meta-data/"}


@dataclass
class Told:
    """How one endpoint fared."""

    name: str
    deliveries: int
    succeeded: int
    failed: int
    disabled: int
    attempts: int
    requests: int
    distinct: int
    recovered: int

    def line(self) -> str:
        return (
            f"{self.name:12}{self.deliveries:11}{self.succeeded:11}{self.failed:8}{self.disabled:10}"
            f"{self.attempts:10}{self.requests:10}{self.distinct:10}{self.recovered:11}"
        )


HEAD = (
    f"{'endpoint':12}{'deliveries':>11}{'succeeded':>11}{'failed':>8}{'disabled':>10}"
    f"{'attempts':>10}{'requests':>10}{'distinct':>10}{'recovered':>11}"
)


def run(events: int) -> None:
    harbour = OrganizationFactory.create(name="Harbour Lending", slug="harbour-flaky")
    quay = OrganizationFactory.create(name="Quay Capital", slug="quay-flaky")
    with ExitStack() as stack:
        sinks = {
            "well": Sink(),
            "slow": Sink(answer="slow", seconds=30),
            "500": Sink(answer=500),
            "410": Sink(answer=410),
            "redirect": Sink(answer=302, headers=_PRIVATE),
            "chance": Sink(),
            "quay": Sink(),
        }
        for sink in sinks.values():
            stack.enter_context(serving(sink))
        consumers = {
            name: _consumer(quay if name == "quay" else harbour, sink.url, name)
            for name, sink in sinks.items()
        }
        consumers["refused"] = _consumer(harbour, refused_url(), "refused")
        stack.enter_context(relaying(SCHEDULE))
        stack.enter_context(relaying(SCHEDULE))

        started, made = time.monotonic(), {}
        stop = threading.Event()
        chance = threading.Thread(target=_waver, args=(sinks["chance"], stop))
        chance.start()
        others = max(events // 20, 5)
        for number in range(events):
            with tenancy.entered(harbour.pk):
                create_company(harbour, name=f"Bakery {number}")
            if number % (events // others or 1) == 0:
                with tenancy.entered(quay.pk):
                    company = create_company(quay, name=f"Mill {number}")
                made[str(company.pk)] = time.time()
        produced = time.monotonic() - started

        # While the others hang and fail, neither the neighbour nor a colleague of theirs waits.
        until(lambda: len(set(sinks["quay"].ids)) == len(made), seconds=120)
        until(lambda: len(set(sinks["well"].ids)) == events, seconds=600)
        late = sorted(_lateness(each, made) for each in sinks["quay"].received)
        until(lambda: _of(consumers["500"], "failed") > 0, seconds=900)

        # Everybody mends. What ended meanwhile is recovered; the rest comes by itself.
        stop.set()
        chance.join()
        sink = stack.enter_context(serving())
        _move(consumers["refused"], sink.url)
        sinks["refused"] = sink
        for each in sinks.values():
            each.answer, each.headers = 200, {}
        recovered = dict.fromkeys(consumers, 0)
        deadline = time.monotonic() + 1200
        while left := _unfinished(consumers):
            assert time.monotonic() < deadline, left
            for name, consumer in consumers.items():
                recovered[name] += _mend(consumer)
            time.sleep(0.5)
        took = time.monotonic() - started

        table = [_told(name, consumers[name], sinks[name], recovered[name]) for name in consumers]
    p95 = late[int(len(late) * 0.95) - 1]
    print(f"\n{events} events in {produced:.1f} s, all taken everywhere after {took:.0f} s\n")
    print(HEAD)
    for told in table:
        print(told.line())
    print(
        f"\nthe other tenant: {len(late)} messages, median "
        f"{statistics.median(late):.2f} s, p95 {p95:.2f} s, worst {late[-1]:.2f} s"
    )
    _check(table, events, len(made))
    assert p95 <= 5


def _check(table: list[Told], events: int, others: int) -> None:
    for each in table:
        wanted = others if each.name == "quay" else events
        assert each.deliveries == each.succeeded == wanted, each
        # Whatever came more than once came under the id it had.
        assert each.distinct <= wanted, each
        assert each.requests <= each.attempts + 10, each


def _consumer(organization, url: str, name: str) -> WebhookConsumer:
    return operations.create_consumer(
        organization, url=url, event_types=["company.created"], description=name, actor=None
    )


def _waver(sink: Sink, stop: threading.Event) -> None:
    """Fail by chance, a moment at a time."""
    dice = random.Random(7)
    while not stop.wait(0.05):
        sink.answer = dice.choice([200, 200, 500, 503, 429])


def _lateness(received: Received, made: dict[str, float]) -> float:
    return received.at - made[received.message["payload"]["id"]]


def _of(consumer: WebhookConsumer, status: str) -> int:
    with tenancy.entered(consumer.organization_id):
        return Delivery.objects.filter(consumer=consumer, status=status).count()


def _move(consumer: WebhookConsumer, url: str) -> None:
    operations.update_consumer(
        consumer,
        url=url,
        event_types=consumer.event_types,
        company_tags=[],
        description=consumer.description,
        rate_limit=None,
        actor=None,
    )


def _mend(consumer: WebhookConsumer) -> int:
    operations.enable_consumer(consumer, actor=None)
    since = consumer.created_at - timedelta(minutes=1)
    with tenancy.entered(consumer.organization_id):
        pending = Delivery.objects.filter(consumer=consumer, status__in=PENDING).exists()
    if pending:
        return 0
    count = recovery.recover(consumer, since=since, actor=None)
    return count + recovery.replay(consumer, since=since, actor=None)


def _unfinished(consumers: dict[str, WebhookConsumer]) -> dict[str, int]:
    left = {}
    for name, consumer in consumers.items():
        with tenancy.entered(consumer.organization_id):
            wanted = Event.objects.filter(type="company.created").count()
            done = Delivery.objects.filter(consumer=consumer, status="succeeded").count()
        if done < wanted:
            left[name] = wanted - done
    return left


def _told(name: str, consumer: WebhookConsumer, sink: Sink, recovered: int) -> Told:
    with tenancy.entered(consumer.organization_id):
        deliveries = Delivery.objects.filter(consumer=consumer)
        return Told(
            name=name,
            deliveries=deliveries.count(),
            succeeded=deliveries.filter(status="succeeded").count(),
            failed=deliveries.filter(status="failed").count(),
            disabled=deliveries.filter(status="disabled").count(),
            attempts=Attempt.objects.filter(consumer_id=consumer.pk).count(),
            requests=len(sink.received),
            distinct=len(set(sink.ids)),
            recovered=recovered,
        )


if __name__ == "__main__":
    import pytest

    os.environ["FLAKY_EVENTS"] = sys.argv[1] if len(sys.argv) > 1 else "1000"
    sys.exit(pytest.main(["-s", "-q", "tests/webhooks/test_flaky.py"]))
