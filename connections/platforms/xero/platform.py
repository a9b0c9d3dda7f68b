"""Xero, over its Accounting API 2.0 and OAuth 2.0.

https://developer.xero.com/documentation/guides/oauth2/overview/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

import httpx

from connections.platforms import oauth
from connections.platforms.base import (
    DAY,
    MINUTE,
    AuthorizationRevoked,
    Credentials,
    Identity,
    Limits,
    NotSupported,
    OAuthPlatform,
    Page,
    PlatformApp,
    Rate,
    SourceType,
    Unexpected,
)
from connections.platforms.xero import connection, wire
from connections.platforms.xero.api import NAME, Api
from connections.platforms.xero.connection import CONNECTION, TENANT
from connections.platforms.xero.pull import JOURNALS_SCOPE, Pull
from connections.schemas import DataType
from connections.words import gettext_noop

LOGIN, TOKENS, API = "https://login.xero.com", "https://identity.xero.com", "https://api.xero.com"
# Where login.xero.com sends a person on to agree: browsers hold redirects against the policy, too.
CONSENT = "https://authorize.xero.com"


class Xero(OAuthPlatform):
    key: ClassVar[str] = "xero"
    name: ClassVar[str] = NAME
    code: ClassVar[str] = "gbol"
    source_type: ClassVar[SourceType] = "Accounting"
    #: Xero has no cash flow statement that adds up with its other reports.
    data_types: ClassVar[frozenset[DataType]] = frozenset(DataType) - {DataType.CASH_FLOW_STATEMENT}
    #: Accounts and items vanish without a trace when deleted, tax rates have no date, and a contact
    #: becomes a customer or supplier without its date changing: these come whole.
    #: https://developer.xero.com/documentation/api/accounting/contacts
    incremental: ClassVar[frozenset[DataType]] = frozenset(
        {
            DataType.INVOICES,
            DataType.BILLS,
            DataType.CREDIT_NOTES,
            DataType.BILL_CREDIT_NOTES,
            DataType.PAYMENTS,
            DataType.BILL_PAYMENTS,
            DataType.JOURNAL_ENTRIES,
            DataType.BANK_TRANSACTIONS,
        }
    )
    # The scopes of March 2026; those before (accounting.transactions) end in September 2027. To ask
    # for accounting.journals.read is granted to few apps.
    # https://developer.xero.com/documentation/guides/oauth2/scopes/
    scopes: ClassVar[tuple[str, ...]] = (
        "offline_access",
        "accounting.settings.read",
        "accounting.contacts.read",
        "accounting.invoices.read",
        "accounting.payments.read",
        "accounting.banktransactions.read",
        "accounting.manualjournals.read",
        "accounting.reports.balancesheet.read",
        "accounting.reports.profitandloss.read",
    )
    # https://developer.xero.com/documentation/guides/oauth2/limits/
    limits: ClassVar[Limits] = Limits(
        app=(Rate(10_000, MINUTE),),
        organization=(Rate(60, MINUTE), Rate(5_000, DAY)),
        at_once=5,
    )
    lapses_after: ClassVar[timedelta | None] = timedelta(days=60)
    access: ClassVar[str] = gettext_noop(
        "Access tokens live for 30 minutes and renew themselves; without contact for 60 days the"
        " authorization ends. Customers also end it in Xero under Connected apps."
    )
    setup: ClassVar[tuple[str, ...]] = (
        gettext_noop("Sign in at developer.xero.com, open My Apps and choose New app."),
        gettext_noop("Name it, choose Web app as its type and give your company's address."),
        gettext_noop("Enter the redirect URI shown here, exactly as it is, and create the app."),
        gettext_noop(
            "Under Configuration copy the client id, generate a secret and copy that too."
        ),
        gettext_noop("Enter both here."),
    )

    page_size: ClassVar[int] = 1000

    @classmethod
    def api_url(cls, app: PlatformApp, credentials: Credentials | None = None) -> str:
        del credentials
        return app.base_url or API

    @classmethod
    def servers(cls, app: PlatformApp) -> tuple[str, ...]:
        return (app.base_url,) if app.base_url else (API, TOKENS)

    @classmethod
    def organization_in(cls, credentials: Credentials) -> str:
        return credentials.parameters.get(TENANT, "")

    @classmethod
    def consent_origins(cls, app: PlatformApp) -> tuple[str, ...]:
        return (app.base_url,) if app.base_url else (LOGIN, CONSENT)

    @classmethod
    def check_registration(cls, http: httpx.Client, app: PlatformApp) -> None:
        oauth.check_registration(http, app, _at(app, TOKENS, "token"), platform=cls.name)

    @classmethod
    def authorize_url(
        cls, app: PlatformApp, *, state: str, redirect_uri: str, code_challenge: str
    ) -> str:
        return oauth.authorize_url(
            f"{(app.base_url or LOGIN).rstrip('/')}/identity/connect/authorize",
            app,
            scope=" ".join(app.scopes or cls.scopes),
            state=state,
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
        )

    @classmethod
    def exchange(
        cls,
        http: httpx.Client,
        app: PlatformApp,
        *,
        code: str,
        redirect_uri: str,
        code_verifier: str,
        callback: Mapping[str, str],
    ) -> Credentials:
        del callback
        return oauth.exchange(
            http,
            app,
            _at(app, TOKENS, "token"),
            platform=cls.name,
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
        )

    @classmethod
    def refresh(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> Credentials:
        return oauth.refresh(
            http, app, _at(app, TOKENS, "token"), platform=cls.name, credentials=credentials
        )

    @classmethod
    def revoke(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> None:
        """Disconnect this organization, and end the whole consent if it was the last one."""
        left: Credentials | None = credentials
        if CONNECTION in credentials.parameters:
            left = connection.disconnect(
                http, credentials, lambda: cls.refresh(http, app, credentials)
            )
        if left is not None:
            oauth.revoke(
                http, app, _at(app, TOKENS, "revocation"), platform=cls.name, credentials=left
            )

    def organizations(self) -> Sequence[Identity]:
        return tuple(map(_identity, self._connections))

    def choose(self, organization: Identity) -> Credentials:
        chosen = self._connected(organization.id)
        parameters = {TENANT: chosen.tenant_id, CONNECTION: chosen.id}
        return replace(self.credentials, parameters={**self.credentials.parameters, **parameters})

    def identity(self) -> Identity:
        # Asked for every time: whether it is still connected is what callers want to know.
        self.__dict__.pop("_connections", None)
        tenant = self.credentials.parameters.get(TENANT)
        if tenant is not None:
            return _identity(self._connected(tenant))
        return _identity(self._only)

    def fetch(
        self, data_type: DataType, *, since: str | None, cursor: str | None
    ) -> Iterator[Page]:
        if data_type not in self.data_types:
            raise NotSupported(f"{self.name} has no {data_type.english.lower()}.")
        tenant = self.credentials.parameters.get(TENANT) or self._only.tenant_id
        pull = Pull(
            self._api,
            tenant,
            page_size=self.page_size,
            reads_journals=JOURNALS_SCOPE in self.credentials.scope.split(),
        )
        return pull.pages(
            data_type,
            since=since,
            cursor=cursor,
            is_incremental=data_type in self.incremental,
        )

    @property
    def _api(self) -> Api:
        return Api(self.http, self.credentials, self.sleep)

    @cached_property
    def _connections(self) -> tuple[wire.Connection, ...]:
        return connection.organizations(self._api)

    @property
    def _only(self) -> wire.Connection:
        """:raises Unexpected: when it is not clear which organization is meant"""
        if not self._connections:
            raise AuthorizationRevoked(
                f"No organization is connected at {self.name}.", detail="/connections is empty"
            )
        if len(self._connections) > 1:
            raise Unexpected(
                f"{self.name} reaches several organizations, and none was chosen.",
                detail=f"{len(self._connections)} connections",
            )
        return self._connections[0]

    def _connected(self, tenant: str) -> wire.Connection:
        for each in self._connections:
            if each.tenant_id == tenant:
                return each
        raise AuthorizationRevoked(
            f"The organization is no longer connected at {self.name}.",
            detail="not among the connections",
        )


def _identity(connected: wire.Connection) -> Identity:
    return Identity(id=connected.tenant_id, name=connected.tenant_name or connected.tenant_id)


def _at(app: PlatformApp, vendor: str, name: str) -> str:
    return f"{(app.base_url or vendor).rstrip('/')}/connect/{name}"
