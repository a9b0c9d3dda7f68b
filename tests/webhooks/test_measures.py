"""What monitoring is told of messages that wait."""

import pytest

from portal import metrics
from tests.factories import OrganizationFactory
from tests.webhooks.sink import refused_url
from tests.webhooks.test_relay import consumer_of, happen
from webhooks import measures, operations, outbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_waits_is_counted_until_nobody_wants_it_any_more():
    harbour = OrganizationFactory.create(name="Harbour Lending", slug="harbour")
    consumer = consumer_of(harbour, refused_url())
    happen(harbour, 3)

    read = measures.read()
    assert (read[metrics.OUTBOX_ENTRIES], read[metrics.WEBHOOK_BACKLOG]) == ({(): 3}, {(): 0})
    assert 0 < read[metrics.OUTBOX_AGE_SECONDS][()] < 60

    outbox.relay()
    read = measures.read()
    assert (read[metrics.OUTBOX_ENTRIES], read[metrics.WEBHOOK_BACKLOG]) == ({(): 0}, {(): 3})
    assert read[metrics.OUTBOX_AGE_SECONDS] == {(): 0}
    assert 0 < read[metrics.WEBHOOK_OVERDUE_SECONDS][()] < 60

    operations.disable_consumer(consumer, actor=None)
    assert measures.read()[metrics.WEBHOOK_BACKLOG] == {(): 0}
