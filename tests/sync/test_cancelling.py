"""Pulls that somebody stops, or asks for once more; and what tells how they went."""

from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from companies.models import Event, Program
from connections.platforms.base import Unreachable
from connections.platforms.http import Exchange
from connections.schemas import DataType
from sync import engine, operations
from sync.history import PullRow
from sync.models import PlatformRequest, Pull, PullStatus
from tests.factories import PullFactory
from tests.sync.scripted import LATER, invoice, page
from tests.sync.test_engine import status_of, store


def ask(connection, **fields):
    return operations.queue_pull(
        connection, DataType.INVOICES, trigger=Pull.Trigger.MANUAL, **fields
    )


def test_a_waiting_pull_ends_at_once_and_its_type_stays_scheduled(connection, platform, alice):
    asked = ask(connection)
    status_of(connection).__class__.objects.filter(connection=connection).update(frequency="daily")

    operations.cancel_pull(asked, actor=alice)

    asked.refresh_from_db()
    assert asked.status == PullStatus.CANCELLED
    assert asked.error_message.startswith("Cancelled by Alice")
    assert "It is pulled again at" in asked.error_message
    assert status_of(connection).next_due_at
    assert Event.objects.filter(type="pull.finished").count() == 1
    assert not engine.run_connection(connection.organization_id, connection.pk)
    assert platform.asked == []


def test_a_running_pull_stops_after_the_page_in_hand(connection, platform, alice):
    asked = ask(connection)

    def cancel():
        operations.cancel_pull(asked, actor=alice)
        asked.refresh_from_db()
        assert PullRow(asked).mark == "cancelling"

    platform.serve(page(invoice(1), cursor="a"), cancel, page(invoice(2), cursor="b"))

    engine.run_connection(connection.organization_id, connection.pk)

    asked.refresh_from_db()
    assert asked.status == PullStatus.CANCELLED
    assert asked.error_message.startswith("Cancelled by Alice")
    assert asked.cancel_requested_by == alice
    assert not store()


def test_a_running_pull_names_the_program_that_stopped_it(connection, platform):
    asked = ask(connection)

    def cancel():
        operations.cancel_pull(asked, actor=Program(uuid4(), "Payroll"))

    platform.serve(page(invoice(1), cursor="a"), cancel, page(invoice(2), cursor="b"))

    engine.run_connection(connection.organization_id, connection.pk)

    asked.refresh_from_db()
    assert asked.error_message.startswith("Cancelled by API key Payroll.")


def test_what_ended_cannot_be_cancelled(connection, platform, alice):
    ended = PullFactory(connection=connection, status=PullStatus.COMPLETE, completed_at=LATER)

    with pytest.raises(operations.AlreadyEnded):
        operations.cancel_pull(ended, actor=alice)


def test_a_pull_tells_every_status_it_had(connection, platform, pull):
    platform.serve(page(invoice(1), cursor="a"))

    done = pull()

    assert [step.label for step in PullRow(done).steps] == [
        "Fetching", "Mapping", "Validating", "Storing", "Complete",
    ]  # fmt: skip
    assert all(step.took is not None for step in PullRow(done).steps[:-1])


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"trigger": "manual", "reason": "Refresh data"}, "Refreshed by hand by Alice"),
        ({"trigger": "manual", "reason": "Tried again by hand"}, "Tried again by hand by Alice"),
        ({"trigger": "api", "reason": ""}, "Asked for over the API by Alice"),
        (
            {"trigger": "schedule", "reason": "Scheduled: daily, try 3", "requested_by": None},
            "Scheduled: daily, try 3",
        ),
        (
            {"trigger": "first_link", "requested_by": None},
            "The customer authorized the connection",
        ),
    ],
)
def test_a_pull_says_why_in_one_sentence(connection, alice, fields, why):
    asked = PullFactory(connection=connection, **{"requested_by": alice} | fields)

    assert PullRow(asked).why.replace("Alice Archer", "Alice") == why


def exchange(**fields):
    told: dict[str, Any] = {
        "at": LATER, "method": "GET", "url": "http://platform.test/invoices", "status": 200,
        "milliseconds": 5, "size": 100,
    }  # fmt: skip
    return Exchange(**told | fields)


def test_requests_are_kept_with_the_page_they_led_to(connection, platform, pull, monkeypatch):
    lists: list[list[Exchange]] = []
    monkeypatch.setattr(engine, "recorded", recorder(lists))
    platform.serve(
        lambda: lists[0].append(exchange()),
        page(invoice(1), cursor="a"),
        lambda: lists[0].append(exchange(status=503)),
        Unreachable("The platform could not be reached."),
    )

    failed = pull()

    assert failed.status == PullStatus.FETCH_ERROR
    asked = PlatformRequest.objects.filter(pull=failed).order_by("pk")
    assert [each.status for each in asked] == [200, 503]


def recorder(lists):
    class Recorder:
        def __enter__(self):
            lists.append([])
            return lists[-1]

        def __exit__(self, *_):
            return None

    return Recorder


def test_buttons_cancel_and_pull_again(client, company, connection, platform):
    asked = ask(connection)

    def url(name, shown):
        return reverse(f"sync:{name}", args=["harbour", company.pk, shown.pk])

    assert "Cancel" in client.get(url("pull", asked)).content.decode()
    client.post(url("cancel-pull", asked))
    page_now = client.get(url("pull", asked)).content.decode()
    assert "Pull again" in page_now

    again = client.post(url("retry-pull", asked))

    newest = Pull.objects.active().get()
    assert again["Location"] == url("pull", newest)
    assert newest.reason == "Tried again by hand"
    assert client.post(url("cancel-pull", asked), follow=True).status_code == 200
