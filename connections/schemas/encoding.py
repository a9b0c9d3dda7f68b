"""Canonical JSON: one record, one sequence of bytes, so that equal bytes mean an equal record."""

from functools import cache
from typing import cast

import msgspec

from connections.schemas.base import Record
from connections.schemas.data_types import DataType


def encode(record: Record) -> bytes:
    """Return the record's JSON; keys in declared order, absent values as null, Decimals exact."""
    return _ENCODER.encode(record)


def decode[R: Record](record_type: type[R], body: bytes | str) -> R:
    """Read a record back; keys that others added, such as ``modifiedDate``, are ignored.

    :raises msgspec.ValidationError: when the body is not such a record.
    """
    return cast("R", _decoder(record_type).decode(body))


_ENCODER = msgspec.json.Encoder(decimal_format="number", order="deterministic")


@cache
def _decoder(record_type: type[Record]) -> msgspec.json.Decoder[Record]:
    return msgspec.json.Decoder(record_type)


_SINGLE_IDS = {data_type: data_type.value for data_type in DataType if data_type.is_single}


def single_id(data_type: DataType) -> str:
    """Return the fixed id of the one record of a single type.

    :raises KeyError: when a connection has many records of the type.
    """
    return _SINGLE_IDS[data_type]
