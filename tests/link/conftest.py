from collections.abc import Iterator

import pytest
from django.test import Client

from tests.fake_platform import FakePlatform


@pytest.fixture
def platform(settings) -> Iterator[FakePlatform]:
    """The sandbox's place is taken by a token endpoint the test controls."""
    with FakePlatform() as fake:
        fake.codes["good"] = "good"
        settings.SANDBOX_URL = fake.url
        yield fake


@pytest.fixture
def customer() -> Client:
    """A browser in which nobody is signed in, and forms are checked as in real life."""
    return Client(enforce_csrf_checks=True)
