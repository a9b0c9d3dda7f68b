"""The Tryton adapter keeps the contract of all adapters."""

from typing import ClassVar

import httpx
import pytest

from connections.platforms.base import (
    CredentialPlatform,
    Credentials,
    PermissionMissing,
    PlatformError,
)
from connections.platforms.tryton import Tryton
from connections.schemas import DataType, single_id
from tests.connections.platforms.contract import CredentialBooks, CredentialContract, Fault
from tests.connections.platforms.mangling import Mangled
from tests.connections.platforms.tryton.fake import APP, BASE_URL, DATABASE, KEY, MODELS, FakeTryton


class SmallPages(Tryton):
    page_size: ClassVar[int] = 3


class TrytonBooks(CredentialBooks):
    app = APP
    secrets = ("canary-",)

    def __init__(self) -> None:
        self.fake = FakeTryton()

    def client(self) -> httpx.Client:
        return self.fake.client()

    def authorized(self) -> Credentials:
        return self.fake.credentials()

    def typed_in(self) -> dict[str, str]:
        return {"url": BASE_URL, "database": DATABASE, "key": KEY}

    def fill(self, data_type: DataType, count: int) -> set[str]:
        if data_type.is_single:
            return {single_id(data_type)}
        first = 1000 * data_type.sync_order
        ids = range(first, first + count)
        for row_id in ids:
            if row_id not in self.fake.tables[MODELS[data_type]]:
                self.fake.put(data_type, row_id)
        return {str(row_id) for row_id in ids}

    def change(self, data_type: DataType, record_id: str) -> None:
        self.fake.write(data_type, int(record_id))

    def delete(self, data_type: DataType, record_id: str) -> None:
        self.fake.delete(data_type, int(record_id))

    def spoil(self, data_type: DataType) -> str:
        self.fake.put(data_type, 999_999, active="perhaps", state=17)
        return "999999"

    def fail(self, fault: Fault, times: int = 1) -> None:
        self.fake.fail(fault, times)

    def repeat_pages(self) -> None:
        self.fake.repeats = True

    def request_count(self) -> int:
        return len(self.fake.requests)


class TestTryton(CredentialContract):
    platform: type[CredentialPlatform] = SmallPages
    # Rows that come or go during a pull are read as they are then.
    pins_snapshot: ClassVar[bool] = False
    # Who is a customer stands in a list of its own.
    pins_order: ClassVar[frozenset[str]] = frozenset({"id", "party"})
    chooses: ClassVar[frozenset[str]] = frozenset({"party"})
    names_what_it_reads: ClassVar[bool] = True

    def may_end(self, mangled: Mangled, error: PlatformError) -> bool:
        """Tryton leaves out what the key's user may not read."""
        is_gap = isinstance(error, PermissionMissing) and "(missing)" in mangled.what
        return is_gap or super().may_end(mangled, error)

    @pytest.fixture
    def books(self) -> TrytonBooks:
        return TrytonBooks()
