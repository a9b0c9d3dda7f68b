"""Is every webhook message about something that happened, and is each attempt on record?"""

from collections.abc import Iterator

from portal.verification.rows import number, streamed


def deliveries() -> Iterator[int | str]:
    yield number("SELECT count(*) FROM webhooks_delivery")
    for (delivery,) in streamed(
        "SELECT d.id FROM webhooks_delivery d LEFT JOIN companies_event e ON e.id = d.event_id "
        "AND e.organization_id = d.organization_id WHERE d.event_id IS NOT NULL AND e.id IS NULL"
    ):
        yield f"message {delivery} tells of an event that is not there"
    for delivery, attempts, kept in streamed(
        "SELECT d.id, d.attempts, count(a.id) FROM webhooks_delivery d "
        "LEFT JOIN webhooks_attempt a ON a.delivery_id = d.id GROUP BY 1, 2 "
        "HAVING d.attempts <> count(a.id)"
    ):
        yield f"message {delivery} counts {attempts} attempts, {kept} are on record"
    for (delivery,) in streamed(
        "SELECT d.id FROM webhooks_delivery d WHERE d.status = 'succeeded' AND NOT EXISTS "
        "(SELECT FROM webhooks_attempt a WHERE a.delivery_id = d.id AND a.outcome = 'ok')"
    ):
        yield f"message {delivery} is said to have arrived, no attempt says so"


def outbox() -> Iterator[int | str]:
    yield number("SELECT count(*) FROM companies_outboxentry")
    for event, since in streamed(
        "SELECT event_id, created_at FROM companies_outboxentry "
        "WHERE created_at < statement_timestamp() - interval '10 minutes'"
    ):
        yield f"event {event} waits since {since:%Y-%m-%d %H:%M} UTC: does the relay run?"
