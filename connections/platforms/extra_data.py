"""What an organization wants of a platform beyond the standard data, and where that lies there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connections.platforms import raw_values
from connections.platforms.json_paths import JsonPath


@dataclass(frozen=True, slots=True)
class Supplement:
    """Properties of a platform's own that records of a data type carry besides ours.

    By the names it chose: the objects, and in each the properties, with where they lie in the
    platform's own record.
    """

    objects: Mapping[str, Mapping[str, JsonPath]]

    @property
    def roots(self) -> list[str]:
        """The members of the platform's record that are looked into, each once."""
        paths = (path for properties in self.objects.values() for path in properties.values())
        return list(dict.fromkeys(path.root for path in paths if path.root))

    def read(self, raw: bytes) -> dict[str, dict[str, Any]]:
        """Return what a platform's record has of it; what it has not is None.

        :raises msgspec.DecodeError: and what else is in `decoding.UNREADABLE`.
        """
        row = raw_values.read(raw)
        return {
            name: {own: path.of(row) for own, path in properties.items()}
            for name, properties in self.objects.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomSource:
    """Where records of a custom data type come from, and what is taken of them."""

    #: A path below the platform's API, with its query.
    data_source: str
    #: By the organization's names.
    required_data: Mapping[str, JsonPath]
    #: What together tells one record from another.
    key_by: tuple[JsonPath, ...]
    #: Where a record says when it changed; of several the latest counts.
    modified_by: tuple[JsonPath, ...] = ()
