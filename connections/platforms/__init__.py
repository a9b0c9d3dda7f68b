"""Accounting platforms by key. To add one, see docs/adapters.md."""

from collections.abc import Mapping

from connections.platforms.base import Platform
from connections.platforms.hledger import Hledger
from connections.platforms.quickbooks import QuickBooks
from connections.platforms.sandbox import Sandbox
from connections.platforms.tryton import Tryton
from connections.platforms.xero import Xero

PLATFORMS: Mapping[str, type[Platform]] = {
    "hledger": Hledger,
    "quickbooks": QuickBooks,
    "sandbox": Sandbox,
    "tryton": Tryton,
    "xero": Xero,
}


def get_platform(key: str) -> type[Platform]:
    """Return the adapter.

    :raises KeyError: when there is no such platform.
    """
    return PLATFORMS[key]
