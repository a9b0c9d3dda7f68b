"""Someone who has organizations at Xero, and what tests do with what is pulled from them."""

from collections.abc import Iterable
from typing import Any

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connections.platforms.base import Credentials, Page, PlatformApp
from connections.platforms.http import new_client
from connections.platforms.xero import Xero
from connections.schemas import DataType
from tests.vendors.xero import XeroServer
from tests.vendors.xero.organisation import Organisation, Row

REDIRECT_URI = "http://portal.test/callback"
VERIFIER = "v" * 64


class Customer:
    """Someone with organizations at Xero, and our app at work for them."""

    def __init__(self, xero: XeroServer, scopes: tuple[str, ...] = ()) -> None:
        self.xero = xero
        self.app = PlatformApp(
            base_url=xero.url,
            client_id=xero.client_id,
            client_secret=xero.client_secret,
            scopes=scopes,
        )
        self.http = new_client(base_url=xero.url)
        self.pauses: list[float] = []

    def authorize(self, *organisations: Organisation) -> Credentials:
        url = Xero.authorize_url(
            self.app,
            state="state",
            redirect_uri=REDIRECT_URI,
            code_challenge=create_s256_code_challenge(VERIFIER),
        )
        wanted = [each.tenant for each in organisations] or None
        callback = self.xero.consent(url, wanted)
        assert callback["state"] == "state"
        return Xero.exchange(
            self.http,
            self.app,
            code=callback["code"],
            redirect_uri=REDIRECT_URI,
            code_verifier=VERIFIER,
            callback=callback,
        )

    def linked(self, *organisations: Organisation) -> Credentials:
        """Return credentials for the first of the organizations agreed to."""
        credentials = self.authorize(*organisations)
        platform = self.open(credentials)
        first = (organisations or (self.xero.first(),))[0]
        identity = next(each for each in platform.organizations() if each.id == first.tenant)
        return platform.choose(identity)

    def open(self, credentials: Credentials, adapter: type[Xero] = Xero) -> Xero:
        return adapter(self.http, credentials, sleep=self.pauses.append)

    def revoke(self, credentials: Credentials) -> None:
        Xero.revoke(self.http, self.app, credentials)

    def refresh(self, credentials: Credentials) -> Credentials:
        return Xero.refresh(self.http, self.app, credentials)


def pull(platform: Xero, data_type: DataType, since: str | None = None) -> list[Page]:
    return list(platform.fetch(data_type, since=since, cursor=None))


def records(pages: Iterable[Page]) -> dict[str, Any]:
    return {record.id: record for page in pages for record in page.records}


def deleted(pages: Iterable[Page]) -> list[str]:
    return [record_id for page in pages for record_id in page.deleted_ids]


def find(organisation: Organisation, name: str, **members: object) -> Row:
    return next(
        row
        for row in organisation.rows(name)
        if all(row.body.get(member) == value for member, value in members.items())
    )
