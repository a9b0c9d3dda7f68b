"""The server as tests hold it: start, consent, change what is in the books, look what was asked."""

import uuid
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Self

import httpx
from starlette.applications import Starlette

from tests.vendors.clock import Clock
from tests.vendors.limits import Allowance, Crowd
from tests.vendors.log import RequestLog
from tests.vendors.oauth import Consent, OAuthServer, Rules
from tests.vendors.serve import Fault, Front, Running
from tests.vendors.xero import contract
from tests.vendors.xero.copies import organisation_of
from tests.vendors.xero.organisation import Organisation

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class XeroServer:
    """One Xero. Its organizations are businesses of the ledger, by key."""

    def __init__(self, businesses: Sequence[str] = ("small", "awkward"), *, port: int = 0) -> None:
        self.clock: Clock = Clock()
        self.requests = RequestLog()
        self.contract = contract.load()
        if self.contract is None:
            print(contract.MISSING)
        self.client_id = "xero+client"
        self.client_secret = "canary+xero%secret"
        self.oauth: OAuthServer = OAuthServer(
            self.clock,
            Rules(
                client_id=self.client_id,
                client_secret=self.client_secret,
                offline_scope="offline_access",
            ),
        )
        self.organisations: dict[str, Organisation] = {}
        for business in businesses:
            self.add(organisation_of(business, self.clock))
        self.minute = Allowance(self.clock, 60, MINUTE)
        self.day: Allowance = Allowance(self.clock, 5_000, DAY)
        self.app_minute = Allowance(self.clock, 10_000, MINUTE)
        self.crowd = Crowd(5)
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

    def add(self, organisation: Organisation) -> Organisation:
        self.organisations[organisation.tenant] = organisation
        return organisation

    def organisation(self, name: str) -> Organisation:
        return next(each for each in self.organisations.values() if each.name == name)

    def first(self) -> Organisation:
        return next(iter(self.organisations.values()))

    def consent(
        self, authorize_url: str, organisations: Iterable[str] | None = None
    ) -> dict[str, str]:
        """Agree on the consent page as a browser would; return the query that it comes back with.

        ``organisations`` are names or tenant ids; without them it is the first.
        """
        wanted = [self.first().tenant] if organisations is None else list(organisations)
        tenants = [
            tenant
            for tenant, each in self.organisations.items()
            if tenant in wanted or each.name in wanted
        ]
        url = httpx.URL(authorize_url)
        with httpx.Client(trust_env=False) as browser:
            browser.get(url).raise_for_status()
            form = {**url.params, "tenant": tenants, "decision": "allow"}
            answer = browser.post(url.copy_with(query=None), data=form)
        return dict(httpx.URL(answer.headers["Location"]).params)

    def connection_id(self, consent: Consent, tenant: str) -> str:
        return str(uuid.uuid5(uuid.UUID(tenant), consent.id))

    def disconnect(self, tenant: str) -> None:
        """Do what a person does under Connected apps: shut the app out of an organization."""
        for consent in self.oauth.consents:
            if tenant in consent.reaches:
                consent.reaches.remove(tenant)

    def _application(self) -> Starlette:
        from tests.vendors.xero import api, consent, control  # noqa: PLC0415 - they need this class

        application = Starlette(routes=[*consent.routes(self), *api.ROUTES, *control.ROUTES])
        application.state.server = self
        return application
