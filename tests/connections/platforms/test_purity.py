"""Adapters and records load without the framework around them."""

import subprocess
import sys

import pytest

from connections.platforms import PLATFORMS, get_platform
from connections.platforms.base import Platform
from connections.schemas import DataType

FOREIGN = {"django", "celery", "redis", "sandbox", "sync", "companies"}
#: What counts and traces requests knows nothing of the framework either.
WATCHING = ("portal.metrics", "portal.tracing")


@pytest.mark.parametrize(
    "package", ["connections.platforms", "connections.schemas", "connections.schemas.validation"]
)
def test_package_pulls_in_nothing_foreign(package: str):
    code = f"import sys, {package}; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()

    assert "msgspec" in loaded
    assert not FOREIGN.intersection(name.partition(".")[0] for name in loaded)
    ours = [name for name in loaded if name.startswith("portal.")]
    assert [name for name in ours if not name.startswith(WATCHING)] == []


@pytest.mark.parametrize("key", PLATFORMS)
def test_platform_describes_itself(key: str):
    platform = get_platform(key)

    assert issubclass(platform, Platform)
    assert platform.key == key
    assert len(platform.code) == 4
    assert platform.code.islower()
    assert platform.incremental <= platform.data_types
    assert not any(data_type.is_single for data_type in platform.incremental)


def test_unknown_platform_is_an_error():
    with pytest.raises(KeyError):
        get_platform("abacus")


def test_sandbox_has_every_type():
    assert get_platform("sandbox").data_types == set(DataType)
