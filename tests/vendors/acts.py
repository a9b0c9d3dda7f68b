"""What is done at a vendor, in words that hold for all of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Self

from connections.platforms.base import OAuthPlatform
from connections.platforms.quickbooks import QuickBooks
from connections.platforms.xero import Xero
from sync.models import Pull
from tests.vendors.quickbooks import QuickBooksServer
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

    @abstractmethod
    def revenue(self, first: date, last: date) -> Decimal:
        """Add up what the ledger posted to income, days included."""

    @abstractmethod
    def equity(self, on: date) -> Decimal:
        """Return what the ledger says is left of the assets at the end of a day."""

    def use_up_day(self) -> bool:
        """Leave nothing of the day's allowance; tell whether there is one."""
        return False


class XeroActs(Acts):
    key = "xero"
    platform = Xero
    # Every pull stands by itself: some need the base currency or the accounts beside their rows.
    extra_requests = 8

    def __init__(self) -> None:
        self.server = XeroServer(("small",))
        self.books = self.server.first()

    def consent(self, authorize_url: str, *organizations: str) -> dict[str, str]:
        return self.server.consent(authorize_url, organizations or None)

    def is_data(self, path: str) -> bool:
        return path.startswith("/api.xro/")

    def least_requests(self, pulls: Mapping[str, Pull]) -> int:
        """One for each type, one more for each full page; statements of 24 months take three.

        A report goes back eleven months further than the one asked for.
        """
        pages = sum(
            max(1, -(-pull.fetched // _XERO_PAGE))
            for name, pull in pulls.items()
            if name not in {"balanceSheet", "profitAndLoss"}
        )
        return pages + 2 * _XERO_REPORT_CALLS

    def add_invoice(self, net: Decimal) -> str:
        return self.books.add_invoice(str(net))

    def add_draft(self) -> str:
        invoice_id = self.books.add_invoice("10.00")
        self.books.change("Invoices", invoice_id, Status="DRAFT")
        return invoice_id

    def void_invoice(self, invoice_id: str) -> None:
        self.books.void_invoice(invoice_id)

    def delete_invoice(self, invoice_id: str) -> None:
        self.books.delete_invoice(invoice_id)

    def revoke(self) -> None:
        self.server.disconnect(self.books.tenant)

    def reaches_anything(self) -> bool:
        return any(not each.is_revoked and each.reaches for each in self.server.oauth.consents)

    def use_up_day(self) -> bool:
        self.server.day.exhaust(self.books.tenant)
        return True

    def revenue(self, first: date, last: date) -> Decimal:
        return -self._sum("Type", {"SALES", "REVENUE"}, first, last)

    def equity(self, on: date) -> Decimal:
        return self._sum("Class", {"ASSET", "LIABILITY"}, date.min, on)

    def _sum(self, member: str, values: set[str], first: date, last: date) -> Decimal:
        """Add up postings to accounts of some kinds, in the currency's units."""
        return sum(
            (
                Decimal(self.books.postings.balance(account_id, first, last)).scaleb(-2)
                for account_id, account in self.books.accounts.items()
                if account[member] in values
            ),
            Decimal(),
        )


_XERO_PAGE = 1000
_XERO_REPORT_CALLS = 3


class QuickBooksActs(Acts):
    key = "quickbooks"
    platform = QuickBooks
    # The home currency, the rates of taxes and which accounts are banks are asked for besides.
    extra_requests = 3

    def __init__(self) -> None:
        self.server = QuickBooksServer(("small",))
        self.company = self.server.first()

    def consent(self, authorize_url: str, *organizations: str) -> dict[str, str]:
        return self.server.consent(authorize_url, *organizations)

    def is_data(self, path: str) -> bool:
        return path.startswith("/v3/company/")

    def least_requests(self, pulls: Mapping[str, Pull]) -> int:
        """One for each type, one more for each full page; what moves money is in seven lists."""
        pages = sum(max(1, -(-pull.fetched // _QUICKBOOKS_PAGE)) for pull in pulls.values())
        return pages + _MONEY_LISTS - 1

    def add_invoice(self, net: Decimal) -> str:
        return self.company.add_invoice(str(net))

    def add_draft(self) -> str:
        """Add an invoice: QuickBooks has no drafts, and lets any be deleted."""
        return self.company.add_invoice("10.00")

    def void_invoice(self, invoice_id: str) -> None:
        self.company.void_invoice(invoice_id)

    def delete_invoice(self, invoice_id: str) -> None:
        self.company.delete_invoice(invoice_id)

    def revoke(self) -> None:
        self.server.revoke()

    def reaches_anything(self) -> bool:
        return any(not each.is_revoked for each in self.server.oauth.consents)

    def revenue(self, first: date, last: date) -> Decimal:
        return -self._sum("AccountType", {"Income"}, first, last)

    def equity(self, on: date) -> Decimal:
        return self._sum("Classification", {"Asset", "Liability"}, date.min, on)

    def _sum(self, member: str, values: set[str], first: date, last: date) -> Decimal:
        """Add up postings to accounts of some kinds, in the currency's units."""
        return sum(
            (
                Decimal(self.company.balance(row.id, first, last)).scaleb(-2)
                for row in self.company.rows("Account")
                if row.body[member] in values
            ),
            Decimal(),
        )


_QUICKBOOKS_PAGE = 1000
_MONEY_LISTS = 7
