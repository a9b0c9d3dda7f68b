"""The QuickBooks adapter keeps the contract of all adapters, over real HTTP."""

from typing import ClassVar

from connections.platforms.base import OAuthPlatform
from connections.platforms.quickbooks import QuickBooks
from tests.connections.platforms.contract import OAuthContract


class SmallPages(QuickBooks):
    page_size: ClassVar[int] = 3


class TestQuickBooks(OAuthContract):
    platform: type[OAuthPlatform] = SmallPages
    #: It has no snapshots: what changes while a pull runs comes once more at its end.
    pins_snapshot: ClassVar[bool] = False
    pins_order: ClassVar[frozenset[str]] = frozenset({"Id", "MetaData", "MetaData.LastUpdatedTime"})
    chooses: ClassVar[frozenset[str]] = frozenset({"Type", "AccountType", "status", "Active"})
