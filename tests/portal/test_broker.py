"""Messages that are none, in a real queue."""

import json
import logging
from typing import Any
from uuid import uuid4

import pytest
import redis
from celery import current_app
from django.conf import settings

from portal import broker


@pytest.fixture
def queue():
    name = f"test-{uuid4().hex}"
    yield name
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.delete(name)


def put(queue, body):
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.lpush(queue, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"{}",
        b"[1, 2]",
        b"7",
        json.dumps({"body": "!", "headers": {}}).encode(),
        json.dumps({"body": "!", "headers": {}, "properties": {"delivery_tag": "x"}}).encode(),
    ],
)
def test_what_is_no_message_is_dropped_and_the_next_one_heard(queue, body, caplog):
    put(queue, body)
    with current_app.connection_for_read() as connection:
        assert isinstance(connection.transport, broker.Transport)
        with connection.SimpleQueue(queue) as ours, caplog.at_level(logging.ERROR, broker.__name__):
            ours.put({"id": 1})
            heard = ours.get(timeout=30)
            heard.ack()

    assert heard.payload == {"id": 1}
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_connection_that_was_closed_meanwhile_is_a_lost_one(queue):
    with current_app.connection_for_read() as connection:
        channel: Any = connection.channel()
        connection.transport.client = None  # as while a worker closes it

        with pytest.raises(connection.connection_errors, match="closed"):
            channel._size(queue)
