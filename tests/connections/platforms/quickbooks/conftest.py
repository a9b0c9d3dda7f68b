from collections.abc import Iterator

import pytest

from tests.connections.platforms.quickbooks.books import QuickBooksBooks, opened
from tests.connections.platforms.quickbooks.customer import Customer
from tests.vendors.quickbooks import QuickBooksServer


@pytest.fixture(scope="module")
def patient() -> Iterator[QuickBooksServer]:
    """A QuickBooks without companies that takes any number of requests."""
    with QuickBooksServer(businesses=()) as server:
        server.minute.limit = server.second.limit = 10**6
        yield server


@pytest.fixture
def books(patient: QuickBooksServer) -> Iterator[QuickBooksBooks]:
    with opened(patient) as books:
        yield books


@pytest.fixture
def quickbooks() -> Iterator[QuickBooksServer]:
    with QuickBooksServer() as server:
        yield server
    assert not server.violations, "\n".join(server.violations[:20])


@pytest.fixture
def customer(quickbooks: QuickBooksServer) -> Iterator[Customer]:
    someone = Customer(quickbooks)
    yield someone
    someone.http.close()
