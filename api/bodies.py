"""Answers made of stored JSON: numbers are handed on as they are written, never read.

A record's body is taken apart at its outermost members only, so that what the store knows can be
put beside them. Nothing is kept per record but its bytes.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from django.http import HttpResponse

from api import shapes
from connections.schemas import DataType

#: What of a record is written beside its body, in the order in which `written` takes it.
COLUMNS = ("body", "modified_at", "is_deleted")

#: So that the rows of a large page are never all in memory beside what is written of them.
AT_ONCE = 500

type Stored = tuple[str, dt.datetime, bool]

_Members = dict[str, msgspec.Raw]
_DECODER = msgspec.json.Decoder(_Members)
#: Decimals as numbers, to the last digit.
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_NULL = msgspec.Raw(b"null")
_PRESENT = msgspec.Raw(b'{"isDeleted":false}')
_DELETED = msgspec.Raw(b'{"isDeleted":true}')
#: Of our making, where a connection has one record of a data type.
_NOT_OF_SINGLES = ("id", "sourceModifiedDate", "metadata")


def written(data_type: DataType, stored: Stored) -> bytes:
    """Write a stored record as the contract does, with the dates and flags that the store keeps."""
    body, modified_at, is_deleted = stored
    members = _DECODER.decode(body)
    if data_type.is_single:
        for name in _NOT_OF_SINGLES:
            members.pop(name, None)
        return _ENCODER.encode(members)
    if is_deleted or "sourceModifiedDate" not in members:
        members["sourceModifiedDate"] = _NULL
    members["modifiedDate"] = msgspec.Raw(f'"{shapes.moment(modified_at)}"'.encode())
    members["metadata"] = _DELETED if is_deleted else _PRESENT
    return _ENCODER.encode(members)


def raw(data_type: DataType, stored: Stored) -> msgspec.Raw:
    """Write a record to be put into something else."""
    return msgspec.Raw(written(data_type, stored))


def encoded(value: Any) -> bytes:
    return _ENCODER.encode(value)


def without_own(statement: msgspec.Struct) -> bytes:
    """Write a statement without the members that are of our making."""
    members = _DECODER.decode(_ENCODER.encode(statement))
    for name in _NOT_OF_SINGLES:
        members.pop(name, None)
    return _ENCODER.encode(members)


def page(envelope: Mapping[str, Any], results: Iterable[bytes]) -> HttpResponse:
    """Answer with a page whose results are written already; they are copied once."""
    parts = list(results) or [b""]
    parts[0] = b'%s,"results":[%s' % (_ENCODER.encode(envelope)[:-1], parts[0])
    parts[-1] += b"]}"
    return answer(b",".join(parts))


def answer(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type="application/json")
