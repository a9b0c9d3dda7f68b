"""The server as tests hold it: start, consent, change what is in the books, look what was asked."""

from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

import httpx
from starlette.applications import Starlette

from tests.vendors.clock import Clock
from tests.vendors.limits import Allowance
from tests.vendors.log import RequestLog
from tests.vendors.oauth import OAuthServer, Rules
from tests.vendors.quickbooks import contract
from tests.vendors.quickbooks.company import Company
from tests.vendors.serve import Fault, Front, Running

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
# 101 days, as the token answer tells.
REFRESH_LIFETIME = timedelta(seconds=8_726_400)


class QuickBooksServer:
    """One QuickBooks Online. Its companies are businesses of the ledger, by key."""

    def __init__(self, businesses: Sequence[str] = ("small",), *, port: int = 0) -> None:
        self.clock: Clock = Clock()
        self.requests = RequestLog()
        self.contract = contract.load()
        if self.contract is None:
            print(contract.MISSING)
        self.client_id = "quickbooks+client"
        self.client_secret = "canary+quickbooks%secret"
        self.oauth: OAuthServer = OAuthServer(
            self.clock,
            Rules(
                client_id=self.client_id,
                client_secret=self.client_secret,
                access_lifetime=timedelta(hours=1),
                refresh_lifetime=REFRESH_LIFETIME,
                # https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/faq
                rotates_after=timedelta(days=1),
                reuse_revokes=False,
                refresh_lifetime_member="x_refresh_token_expires_in",
                tells_scope=False,
            ),
        )
        self.companies: dict[str, Company] = {}
        for business in businesses:
            self.add(Company.of(business, self.clock))
        self.minute: Allowance = Allowance(self.clock, 500, MINUTE)
        self.second = Allowance(self.clock, 10, SECOND)
        #: How many changes a report of them has.
        self.most_changes = 1000
        self._front = Front(self._application(), clock=self.clock, log=self.requests)
        self._running = Running(self._front, port=port)
        self.url = self._running.url

    def __enter__(self) -> Self:
        self._running.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._running.__exit__(*error)

    @property
    def violations(self) -> list[str]:
        return self.requests.violations

    @property
    def faults(self) -> deque[Fault]:
        """What becomes of the next requests."""
        return self._front.faults

    def add(self, company: Company) -> Company:
        self.companies[company.realm] = company
        return company

    def company(self, name: str) -> Company:
        return next(each for each in self.companies.values() if each.name == name)

    def first(self) -> Company:
        return next(iter(self.companies.values()))

    def consent(self, authorize_url: str, company: str | None = None) -> dict[str, str]:
        """Agree on the consent page as a browser would; return the query that it comes back with.

        ``company`` is a name or a realm id; without it, it is the first.
        """
        realm = self.first().realm
        if company is not None:
            realm = company if company in self.companies else self.company(company).realm
        url = httpx.URL(authorize_url)
        with httpx.Client(trust_env=False) as browser:
            browser.get(url).raise_for_status()
            form = {**url.params, "company": realm, "decision": "allow"}
            answer = browser.post(url.copy_with(query=None), data=form)
        return dict(httpx.URL(answer.headers["Location"]).params)

    def revoke(self, realm: str | None = None) -> None:
        """Do what a person does under My Apps: disconnect the app from a company."""
        for consent in self.oauth.consents:
            if realm is None or realm in consent.reaches:
                self.oauth.revoke_consent(consent)

    def _application(self) -> Starlette:
        from tests.vendors.quickbooks import (  # noqa: PLC0415 - they need this class
            api,
            consent,
            control,
        )

        application = Starlette(routes=[*consent.routes(self), *api.ROUTES, *control.ROUTES])
        application.state.server = self
        return application
