"""Records of the kinds of data that an organization configured itself."""

from collections.abc import Mapping
from typing import Any

from connections.schemas.base import Listing, Record


class CustomRecord(Record, frozen=True, kw_only=True):
    """What a platform said, under the organization's names, as JSON values."""

    content: Mapping[str, Any]

    def listing(self) -> Listing:
        return Listing(label=self.id)
