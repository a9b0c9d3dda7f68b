"""QuickBooks Online, over its Accounting API v3 and OAuth 2.0.

https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

import httpx
import msgspec

from connections.platforms import oauth
from connections.platforms.base import (
    MINUTE,
    SECOND,
    Credentials,
    Environment,
    Identity,
    Limits,
    NotSupported,
    OAuthPlatform,
    Page,
    PlatformApp,
    Rate,
    SourceType,
)
from connections.platforms.quickbooks import connection, known, wire
from connections.platforms.quickbooks.api import NAME, REALM, Api
from connections.platforms.quickbooks.pull import Pull
from connections.schemas import DataType
from connections.words import gettext_noop

CONSENT = "https://appcenter.intuit.com"
SIGN_IN = "https://accounts.intuit.com"
TOKENS = "https://oauth.platform.intuit.com"
REVOCATION = "https://developer.api.intuit.com"
API = "https://quickbooks.api.intuit.com"
SANDBOX_API = "https://sandbox-quickbooks.api.intuit.com"

_COMPANY = msgspec.json.Decoder(wire.CompanyAnswer)


class QuickBooks(OAuthPlatform):
    key: ClassVar[str] = "quickbooks"
    name: ClassVar[str] = NAME
    code: ClassVar[str] = "qhyg"
    source_type: ClassVar[SourceType] = "Accounting"
    #: Its cash flow statement is an indirect one without receipts and payments.
    data_types: ClassVar[frozenset[DataType]] = frozenset(DataType) - {DataType.CASH_FLOW_STATEMENT}
    #: Its report of changes leaves out codes and rates of taxes, which come whole.
    incremental: ClassVar[frozenset[DataType]] = frozenset(
        data_type
        for data_type in DataType
        if not data_type.is_single and data_type is not DataType.TAX_RATES
    )
    scopes: ClassVar[tuple[str, ...]] = ("com.intuit.quickbooks.accounting",)
    #: None is sent: nothing of Intuit's that we found asks for one, and the secret is required.
    uses_pkce: ClassVar[bool] = False
    environments: ClassVar[tuple[Environment, ...]] = ("production", "sandbox")
    # https://developer.intuit.com/app/developer/qbo/docs/learn/rest-api-features#limits-and-throttles
    limits: ClassVar[Limits] = Limits(
        organization=(Rate(10, SECOND), Rate(500, MINUTE)), at_once=10
    )
    lapses_after: ClassVar[timedelta | None] = timedelta(days=100)
    access: ClassVar[str] = gettext_noop(
        "Access tokens live for an hour and renew themselves; without contact for 100 days the"
        " authorization ends, and in any case after five years. Customers also end it in QuickBooks"
        " under Apps."
    )
    setup: ClassVar[tuple[str, ...]] = (
        gettext_noop(
            "Sign in at developer.intuit.com, open My Hub, then App dashboard, and create an app."
        ),
        gettext_noop(
            "Choose QuickBooks Online and Payments with the scope com.intuit.quickbooks.accounting."
        ),
        gettext_noop(
            "Open Keys and credentials: Development is for sandbox companies, Production for real."
        ),
        gettext_noop(
            "For production keys, answer the questions about the app that Intuit asks there first."
        ),
        gettext_noop(
            "Under Settings, Redirect URIs, add the one shown here; Intuit takes https only."
        ),
        gettext_noop("Copy the client id and the client secret and enter both here."),
    )

    page_size: ClassVar[int] = 1000

    @classmethod
    def api_url(cls, app: PlatformApp, credentials: Credentials | None = None) -> str:
        del credentials
        return app.base_url or (SANDBOX_API if app.environment == "sandbox" else API)

    @classmethod
    def servers(cls, app: PlatformApp) -> tuple[str, ...]:
        return (app.base_url,) if app.base_url else (cls.api_url(app), TOKENS, REVOCATION)

    @classmethod
    def organization_in(cls, credentials: Credentials) -> str:
        return credentials.parameters.get(REALM, "")

    @classmethod
    def consent_origins(cls, app: PlatformApp) -> tuple[str, ...]:
        """Return where consent is asked for, and where it has people sign in before."""
        return (app.base_url,) if app.base_url else (CONSENT, SIGN_IN)

    @classmethod
    def check_registration(cls, http: httpx.Client, app: PlatformApp) -> None:
        oauth.check_registration(http, app, _tokens(app), platform=cls.name)

    @classmethod
    def authorize_url(
        cls, app: PlatformApp, *, state: str, redirect_uri: str, code_challenge: str
    ) -> str:
        del code_challenge
        return oauth.authorize_url(
            _at(app, CONSENT, "/connect/oauth2"),
            app,
            scope=" ".join(app.scopes or cls.scopes),
            state=state,
            redirect_uri=redirect_uri,
            code_challenge=None,
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
        del code_verifier
        realm = connection.realm_claimed(callback)
        credentials = oauth.exchange(
            http,
            app,
            _tokens(app),
            platform=cls.name,
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=None,
        )
        return replace(credentials, parameters={REALM: realm})

    @classmethod
    def leading_to(cls, credentials: Credentials, organization_id: str) -> Credentials:
        realm = connection.realm_claimed({"realmId": organization_id})
        return replace(credentials, parameters={REALM: realm})

    @classmethod
    def refresh(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> Credentials:
        return oauth.refresh(http, app, _tokens(app), platform=cls.name, credentials=credentials)

    @classmethod
    def revoke(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> None:
        connection.revoke(http, app, _at(app, REVOCATION, "/v2/oauth2/tokens/revoke"), credentials)

    def identity(self) -> Identity:
        """Ask for the company that the browser named: a token for another one is refused.

        The answer's own ``Id`` is 1 for every company.
        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/companyinfo
        """
        api = self._api
        found = api.ask_for(_COMPANY, f"companyinfo/{api.realm}").company_info
        return Identity(id=api.realm, name=found.company_name)

    @classmethod
    def moment_of(cls, watermark: str) -> datetime | None:
        mark = known.read(watermark)
        return mark.at if mark else None

    @classmethod
    def moved(cls, watermark: str, at: datetime) -> str:
        mark = known.read(watermark)
        return known.written(msgspec.structs.replace(mark, at=at)) if mark else watermark

    def fetch(
        self, data_type: DataType, *, since: str | None, cursor: str | None
    ) -> Iterator[Page]:
        if data_type not in self.data_types:
            raise NotSupported(f"{self.name} has no {data_type.english.lower()}.")
        pull = Pull(
            self._api,
            data_type,
            page_size=self.page_size,
            tracks=data_type in self.incremental,
        )
        return pull.pages(since=since, cursor=cursor)

    @property
    def _api(self) -> Api:
        return Api(self.http, self.credentials, self.sleep)


def _tokens(app: PlatformApp) -> str:
    return _at(app, TOKENS, "/oauth2/v1/tokens/bearer")


def _at(app: PlatformApp, vendor: str, path: str) -> str:
    return f"{(app.base_url or vendor).rstrip('/')}{path}"
