"""What is done at a vendor, in words that hold for all of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any, ClassVar, Self

from connections.platforms.base import OAuthPlatform
from connections.platforms.xero import Xero
from sync.models import Pull
from tests.vendors.xero import XeroServer


class Acts(AbstractContextManager["Acts"], ABC):
    """A vendor's stand-in and what its customers and bookkeepers do there."""

    key: ClassVar[str]
    platform: ClassVar[type[OAuthPlatform]]
    extra_requests: ClassVar[int] = 0
    """What a first pull may ask for beyond the least."""
    incremental_requests: ClassVar[int] = 1
    server: Any

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.__exit__(*error)

    @abstractmethod
    def consent(self, authorize_url: str, *organizations: str) -> dict[str, str]: ...
    @abstractmethod
    def is_data(self, path: str) -> bool:
        """Tell requests for data from those for tokens."""

    @abstractmethod
    def least_requests(self, pulls: Mapping[str, Pull]) -> int:
        """Return with how few requests the vendor's interface gives all that was pulled."""

    @abstractmethod
    def add_invoice(self, net: Decimal) -> str: ...
    @abstractmethod
    def add_draft(self) -> str:
        """Add an invoice that the vendor lets its bookkeepers delete."""

    @abstractmethod
    def void_invoice(self, invoice_id: str) -> None: ...
    @abstractmethod
    def delete_invoice(self, invoice_id: str) -> None: ...
    @abstractmethod
    def revoke(self) -> None: ...
    @abstractmethod
    def reaches_anything(self) -> bool:
        """Tell whether any consent is still good for anything."""

    def use_up_day(self) -> bool:
        """Leave nothing of the day's allowance; tell whether there is one."""
        return False


class XeroActs(Acts):
    key = "xero"
    platform = Xero

    def __init__(self) -> None:
        self.server = XeroServer(("small",))
        self.books = self.server.first()

    def consent(self, authorize_url: str, *organizations: str) -> dict[str, str]:
        return self.server.consent(authorize_url, organizations or None)
