"""Someone who has companies at QuickBooks, and what tests do with what is pulled from them."""

from collections.abc import Iterable
from typing import Any

from connections.platforms.base import Credentials, Page, PlatformApp
from connections.platforms.http import new_client
from connections.platforms.quickbooks import QuickBooks
from connections.schemas import DataType
from tests.vendors.quickbooks import QuickBooksServer

REDIRECT_URI = "http://portal.test/callback"


class Customer:
    """Someone with companies at QuickBooks, and our app at work for them."""

    def __init__(self, quickbooks: QuickBooksServer) -> None:
        self.quickbooks = quickbooks
        self.app = PlatformApp(
            base_url=quickbooks.url,
            client_id=quickbooks.client_id,
            client_secret=quickbooks.client_secret,
        )
        self.http = new_client(base_url=quickbooks.url)

    def authorize(self, company: str | None = None, **forged: str) -> Credentials:
        """Agree to a company, by name; ``forged`` changes what the browser brings back."""
        url = QuickBooks.authorize_url(
            self.app, state="state", redirect_uri=REDIRECT_URI, code_challenge=""
        )
        callback = self.quickbooks.consent(url, company) | forged
        assert callback["state"] == "state"
        return QuickBooks.exchange(
            self.http,
            self.app,
            code=callback["code"],
            redirect_uri=REDIRECT_URI,
            code_verifier="",
            callback=callback,
        )

    def open(self, credentials: Credentials, adapter: type[QuickBooks] = QuickBooks) -> QuickBooks:
        return adapter(self.http, credentials)

    def revoke(self, credentials: Credentials) -> None:
        QuickBooks.revoke(self.http, self.app, credentials)

    def refresh(self, credentials: Credentials) -> Credentials:
        return QuickBooks.refresh(self.http, self.app, credentials)


def pull(platform: QuickBooks, data_type: DataType, since: str | None = None) -> list[Page]:
    return list(platform.fetch(data_type, since=since, cursor=None))


def ids(pages: Iterable[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records]


def records(pages: Iterable[Page]) -> dict[str, Any]:
    return {record.id: record for page in pages for record in page.records}


def deleted(pages: Iterable[Page]) -> list[str]:
    return [record_id for page in pages for record_id in page.deleted_ids]
