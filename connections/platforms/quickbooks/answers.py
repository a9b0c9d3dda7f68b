"""What answers hold: the rows of a query, those of a change report, and the time of it."""

from datetime import datetime

import msgspec

from connections.platforms.base import Unexpected
from connections.platforms.http import Answer, decode
from connections.platforms.quickbooks.api import NAME
from connections.platforms.quickbooks.moments import moment

type Members = dict[str, msgspec.Raw]


class _Query(msgspec.Struct, frozen=True, rename="pascal"):
    query_response: Members


class _Changes(msgspec.Struct, frozen=True, rename="pascal"):
    query_response: tuple[Members, ...] = ()


class _ChangeReport(msgspec.Struct, frozen=True):
    responses: tuple[_Changes, ...] = msgspec.field(name="CDCResponse")
    time: str = ""


class _Time(msgspec.Struct, frozen=True):
    time: str


_QUERY = msgspec.json.Decoder(_Query)
_REPORT = msgspec.json.Decoder(_ChangeReport)
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_TIME = msgspec.json.Decoder(_Time)


def queried(answer: Answer, entity: str) -> list[msgspec.Raw]:
    """Return the rows of a query; the member is missing where there are none.

    :raises Unexpected: when this is no answer to a query.
    """
    return _rows(decode(answer, _QUERY, NAME, entity).query_response, entity)


def changed(answer: Answer, entities: tuple[str, ...]) -> dict[str, list[msgspec.Raw]]:
    """Return the rows that changed, by entity.

    :raises Unexpected: when this is no report of changes.
    """
    found: dict[str, list[msgspec.Raw]] = {entity: [] for entity in entities}
    for response in decode(answer, _REPORT, NAME, "cdc").responses:
        for members in response.query_response:
            if "Fault" in members:
                raise _unexpected("cdc: a fault instead of changes")
            for entity in entities:
                found[entity] += _rows(members, entity)
    return found


def told_at(answer: Answer) -> datetime | None:
    """Return the platform's time of an answer."""
    try:
        return moment(_TIME.decode(answer.content).time)
    except (msgspec.DecodeError, ValueError):
        return None


def _rows(members: Members, entity: str) -> list[msgspec.Raw]:
    raw = members.get(entity)
    if raw is None:
        return []
    try:
        return _RAWS.decode(raw)
    except msgspec.DecodeError as error:
        raise _unexpected(f"{entity}: {error}") from error


def _unexpected(detail: str) -> Unexpected:
    return Unexpected(f"{NAME} gave an answer we do not understand.", detail=detail)
