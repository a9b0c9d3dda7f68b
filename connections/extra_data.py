"""What a pull asks of a platform beyond the standard data: kept with it, so that it stays so."""

from collections.abc import Mapping
from typing import Any

from connections import custom_types, supplemental
from connections.models import Connection
from connections.platforms import get_platform
from connections.platforms.base import CustomSource, Supplement
from connections.schemas import AnyType, CustomType, DataType


def wanted(connection: Connection, data_type: AnyType) -> Any:
    """Return what is configured now for the connection's platform, as JSON; None for nothing."""
    platform = get_platform(connection.platform)
    if isinstance(data_type, CustomType):
        return custom_types.wanted(connection.organization_id, platform, data_type)
    return supplemental.wanted(connection.organization_id, platform, data_type)


def supplements(data_type: AnyType, asked: Any) -> Mapping[DataType, Supplement]:
    """Read what `wanted` returned for a standard data type."""
    if asked is None or isinstance(data_type, CustomType):
        return {}
    return {data_type: supplemental.supplement_of(asked)}


def custom_source(asked: Any) -> CustomSource:
    """Read what `wanted` returned for a custom data type."""
    return custom_types.source_of(asked)
