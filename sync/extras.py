"""What records hold beyond the members of their data type, read out of their bodies.

The properties that an organization configured: of a custom data type all there is, of a standard
one its supplemental data. They have no typed columns, so nothing is sorted or searched by them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from connections import custom_types, supplemental
from connections.models import Connection
from connections.schemas import AnyType, CustomType

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Extra:
    """One configured property: what it is called, and where it lies in a body."""

    heading: str
    path: tuple[str, ...]


def extras_of(connection: Connection, data_type: AnyType) -> list[Extra]:
    """Return what is configured now; what bodies hold of earlier configurations is not told."""
    if isinstance(data_type, CustomType):
        return _of_custom(connection, data_type)
    sources = supplemental.sources_of(connection.organization_id, connection.platform, data_type)
    return [
        Extra(f"{name}.{own}", ("supplementalData", "content", name, own))
        for name, source in sources.items()
        for own in source.pull_data
    ]


def _of_custom(connection: Connection, custom_type: CustomType) -> list[Extra]:
    try:
        row = custom_types.find_custom_type(
            connection.organization_id, connection.platform, custom_type.identifier
        )
    except custom_types.NoSuchType:
        return []
    return [Extra(name, ("content", name)) for name in row.required_data]


def values(body: str, extras: Sequence[Extra]) -> list[str | int | Decimal | None]:
    """Read the properties of one record: numbers to the last digit, lists and objects as JSON."""
    if not extras:
        return []
    whole = _DECODER.decode(body)
    return [_shown(_at(whole, extra.path)) for extra in extras]


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _shown(value: Any) -> str | int | Decimal | None:
    if isinstance(value, dict | list):
        return _ENCODER.encode(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    assert value is None or isinstance(value, str | int | Decimal)
    return value
