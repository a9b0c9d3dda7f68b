"""A platform's own JSON as values that canonical JSON can hold, digit for digit."""

from decimal import Decimal
from typing import Any

import msgspec

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
#: What the encoder writes as a whole number.
_LARGEST = 2**63 - 1


def read(raw: bytes) -> Any:
    """:raises msgspec.DecodeError: and what else is in `decoding.UNREADABLE`."""
    return _exact(_DECODER.decode(raw))


def _exact(value: Any) -> Any:
    match value:
        case dict():
            return {name: _exact(each) for name, each in value.items()}
        case list():
            return [_exact(each) for each in value]
        case int() if abs(value) > _LARGEST:
            return Decimal(value)
    return value
