from collections.abc import Iterator

import pytest

from tests.fake_platform import FakePlatform


@pytest.fixture
def platform(settings) -> Iterator[FakePlatform]:
    """The sandbox's place is taken by a token endpoint the test controls."""
    with FakePlatform() as fake:
        settings.SANDBOX_URL = fake.url
        settings.SANDBOX_CLIENT_SECRET = "client-secret"
        yield fake
