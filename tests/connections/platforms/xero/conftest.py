from collections.abc import Iterator

import pytest

from tests.connections.platforms.xero.customer import Customer
from tests.vendors.xero import XeroServer


@pytest.fixture
def xero() -> Iterator[XeroServer]:
    with XeroServer() as server:
        yield server
    assert not server.violations, "\n".join(server.violations[:20])


@pytest.fixture
def customer(xero: XeroServer) -> Iterator[Customer]:
    someone = Customer(xero)
    yield someone
    someone.http.close()
