"""The broker's transport, without what ends a whole worker: errors that it does not announce.

Celery takes such a one for the end of everything, and with the worker go the pulls in its
processes. A message that cannot be read is dropped and logged instead: bells carry ids only, and
whatever was to be done is looked for by the clock. Giving unfinished messages back over a
connection that was closed meanwhile fails as anything does over a connection that is lost.
"""

import json
import logging
from queue import Empty
from typing import Any

from kombu.transport import redis
from redis import exceptions as redis_errors

logger = logging.getLogger(__name__)


class Channel(redis.Channel):
    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # no stub has it
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            logger.error("dropped a message that is no JSON: %s", error)  # noqa: TRY400 - says all
            raise Empty from error

    def _connparams(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002 - kombu's
        """Say that a connection is closed in a way that whoever closes it too is prepared for."""
        if self.connection.client is None:
            raise redis_errors.ConnectionError("the connection to the broker is closed")
        return super()._connparams(asynchronous)  # type: ignore[misc]  # no stub has it


class Transport(redis.Transport):
    Channel = Channel

    def _deliver(self, message: Any, queue: str | None) -> None:
        if _is_message(message):
            super()._deliver(message, queue)
        else:
            logger.error("dropped what is no message from queue %s: %.100r", queue, message)


def _is_message(message: Any) -> bool:
    """Tell whether it has what `kombu.transport.virtual.Message` reads."""
    if not isinstance(message, dict):
        return False
    properties = message.get("properties")
    return (
        isinstance(properties, dict)
        and isinstance(properties.get("delivery_tag"), str)
        and isinstance(properties.get("delivery_info"), dict)
        and isinstance(message.get("headers"), dict)
        and isinstance(message.get("body"), str)
    )
