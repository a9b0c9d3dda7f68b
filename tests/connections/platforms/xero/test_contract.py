"""The Xero adapter keeps the contract of all adapters, over real HTTP."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from connections.platforms.base import OAuthPlatform
from connections.platforms.xero import Xero
from tests.connections.platforms.contract import OAuthContract
from tests.connections.platforms.xero.books import XeroBooks, opened
from tests.vendors.xero import XeroServer


class SmallPages(Xero):
    page_size: ClassVar[int] = 3


@pytest.fixture(scope="module")
def xero() -> Iterator[XeroServer]:
    with XeroServer(businesses=()) as server:
        server.minute.limit = server.app_minute.limit = 10**6
        yield server


class TestXero(OAuthContract):
    platform: type[OAuthPlatform] = SmallPages
    #: Xero has no snapshots: what changes while a pull runs comes once more at its end.
    pins_snapshot: ClassVar[bool] = False
    pins_order: ClassVar[frozenset[str]] = frozenset({"UpdatedDateUTC", "JournalNumber"})
    chooses: ClassVar[frozenset[str]] = frozenset(
        {"Type", "PaymentType", "Status", "IsCustomer", "IsSupplier", "TaxType"}
    )

    @pytest.fixture
    def books(self, xero: XeroServer) -> Iterator[XeroBooks]:
        with opened(xero) as books:
            yield books
