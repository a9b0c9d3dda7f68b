"""The contract between us and an accounting platform.

An adapter is pure: it takes credentials and an HTTP client, returns values and raises
``PlatformError``s (drawn in ``errors``). It knows nothing of the database, settings or Celery.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import IO, ClassVar, Literal

import httpx

from connections.platforms.attachments import Attachment
from connections.platforms.errors import (
    AuthorizationRevoked,
    InvalidCredentials,
    Missing,
    NotSupported,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Suspended,
    TooLarge,
    Unexpected,
    Unreachable,
    Unreadable,
)
from connections.platforms.extra_data import CustomSource, Supplement
from connections.platforms.gates import DAY, MINUTE, SECOND, Limits, Rate
from connections.schemas import DataType, Record
from connections.words import gettext_noop

__all__ = [
    "DAY",
    "MINUTE",
    "SECOND",
    "Attachment",
    "AuthorizationRevoked",
    "CredentialField",
    "CredentialPlatform",
    "Credentials",
    "CustomSource",
    "Environment",
    "Identity",
    "InvalidCredentials",
    "JsonType",
    "Limits",
    "Missing",
    "NotSupported",
    "OAuthPlatform",
    "Page",
    "PermissionMissing",
    "Platform",
    "PlatformApp",
    "PlatformError",
    "Rate",
    "RateLimited",
    "Rejected",
    "SourceType",
    "Supplement",
    "Suspended",
    "TooLarge",
    "Unexpected",
    "UnknownField",
    "Unreachable",
    "Unreadable",
]

SourceType = Literal["Accounting", "Banking", "BankFeed", "Commerce", "Expense", "Other", "Unknown"]
Environment = Literal["production", "sandbox"]
"""Which of a vendor's worlds: real businesses, or the samples it offers to developers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformApp:
    """An organization's registration at a platform.

    ``base_url`` stands in for all of the vendor's own addresses; empty means the vendor's. Without
    ``scopes`` those the adapter needs are asked for.
    """

    base_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()
    environment: Environment = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a customer's authorization gave us.

    ``parameters`` are what else leads to the books: a tenant, a realm, an address. They are no
    secrets, but are kept with them.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    #: Nothing for keys that stay good until somebody withdraws them.
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    scope: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The accounting organization that credentials reach."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A record that could not be understood, kept as it came."""

    source_id: str | None
    raw: bytes
    reason: str


type JsonType = Literal["array", "boolean", "null", "number", "object", "text"]


@dataclass(frozen=True, slots=True, order=True)
class UnknownField:
    """A member that the platform sends and the adapter knows nothing of; see ``drift``."""

    path: str
    """Where it lies, as ``lines.colour``."""
    json_type: JsonType


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One response's worth of records.

    ``cursor`` resumes after this page, also in another process. ``watermark`` is the ``since`` of
    the next pull, valid once the last page has been taken. ``total`` counts the whole pull where
    the platform tells.
    """

    records: Sequence[Record] = ()
    deleted_ids: Sequence[str] = ()
    rejected: Sequence[Rejected] = ()
    unknown: Sequence[UnknownField] = ()
    cursor: str
    watermark: str | None = None
    total: int | None = None


class Platform(ABC):
    """One accounting platform, opened with one connection's credentials.

    Adapters subclass ``OAuthPlatform`` or ``CredentialPlatform``.
    """

    key: ClassVar[str]
    name: ClassVar[str]
    code: ClassVar[str]
    """Four lower-case letters that name the platform in the public API."""
    source_type: ClassVar[SourceType]
    data_types: ClassVar[frozenset[DataType]]
    incremental: ClassVar[frozenset[DataType]]
    """The types that honour ``since`` and then report what was deleted."""
    supplemental: ClassVar[Mapping[DataType, str]] = MappingProxyType({})
    """The types whose records can carry properties of the platform's own, each with its source."""
    has_custom_types: ClassVar[bool] = False
    """Whether ``fetch_custom`` can read any of the platform's lists."""
    attachments: ClassVar[frozenset[DataType]] = frozenset()
    """The types at whose records there may be files that can be read."""
    printed: ClassVar[frozenset[DataType]] = frozenset()
    """The types whose records can be had as PDF."""
    redirects: ClassVar[bool]
    """Whether the customer authorizes on the platform's own pages."""
    works_on_phones: ClassVar[bool] = True
    """Whether authorizing on a phone is as easy as on a computer."""
    lapses_after: ClassVar[timedelta | None] = None
    """After so long without contact the authorization ends by itself."""
    access: ClassVar[str] = ""
    """How access is kept and when it ends, in a sentence or two for those who operate it."""
    limits: ClassVar[Limits] = Limits()
    """How often it answers; what all our workers ask together stays below."""
    setup: ClassVar[tuple[str, ...]] = ()
    """What an operator does at the vendor's before customers can link, step by step."""

    def __init__(
        self,
        http: httpx.Client,
        credentials: Credentials,
        *,
        sleep: Callable[[float], None] = time.sleep,
        supplements: Mapping[DataType, Supplement] = MappingProxyType({}),
    ) -> None:
        """``http`` resolves paths against ``api_url``.

        ``sleep`` is called between tries: a worker may keep its lease alive there, or stop.
        ``supplements`` say what records carry in ``supplemental_data``, for types that are in
        ``supplemental``.
        """
        self.http = http
        self.credentials = credentials
        self.sleep = sleep
        self.supplements = supplements

    @classmethod
    @abstractmethod
    def api_url(cls, app: PlatformApp, credentials: Credentials | None = None) -> str:
        """Return where the books are read; without credentials, where authorization starts."""

    @classmethod
    def servers(cls, app: PlatformApp) -> tuple[str, ...]:
        """Return the addresses that our machines ask, whoever the customer; their own are none."""
        return (cls.api_url(app),)

    @classmethod
    def organization_in(cls, credentials: Credentials) -> str:
        """Return the id of the books that credentials lead to, or "" where only a request tells."""
        del credentials
        return ""

    @classmethod
    @abstractmethod
    def refresh(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> Credentials:
        """Trade credentials for fresh ones; one attempt, since the old ones may be spent by it.

        :raises AuthorizationRevoked: when the customer must authorize again.
        :raises Unreachable: when it is unknown whether the old ones are spent.
        """

    @classmethod
    @abstractmethod
    def revoke(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> None:
        """Give the authorization back; one that is gone already is no error."""

    @abstractmethod
    def identity(self) -> Identity:
        """Return which accounting organization the credentials reach, as the platform says."""

    @abstractmethod
    def fetch(
        self, data_type: DataType, *, since: str | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield pages, oldest change first, at least one.

        ``since`` is the watermark of the last successful pull: only what changed after it comes,
        deletions included. Types that are not ``incremental`` ignore it and come whole. With the
        ``cursor`` of a page, go on after that page; after the last one a single page without
        records repeats the watermark.

        :raises NotSupported: when the platform has no such data.
        """

    @classmethod
    def moment_of(cls, watermark: str) -> datetime | None:
        """Return the platform's time in a watermark, or None where it is none, but a number."""
        try:
            found = datetime.fromisoformat(watermark)
        except ValueError:
            return None
        return found if found.tzinfo else None

    @classmethod
    def moved(cls, watermark: str, at: datetime) -> str:
        """Return a watermark that names another moment, all else being the same."""
        del watermark
        return at.isoformat()

    def fetch_custom(self, source: CustomSource, *, cursor: str | None) -> Iterator[Page]:
        """Yield pages of ``CustomRecord``, at least one, read where the configuration says.

        They come whole, and in the platform's order; ``cursor`` is as for ``fetch``. What
        ``custom.read`` makes of the platform's rows is what a page holds.

        :raises NotSupported: when the platform has no custom types.
        """
        del source, cursor
        raise NotSupported(f"Custom data types are not supported for {self.name}.")

    def list_attachments(self, data_type: DataType, record_id: str) -> Sequence[Attachment]:
        """Return the files at a record of a type that is in ``attachments``.

        :raises Missing: when there is no such record.
        """
        del record_id
        raise NotSupported(f"{self.name} gives no attachments of {data_type.label.lower()}.")

    def find_attachment(
        self, data_type: DataType, record_id: str, attachment_id: str
    ) -> Attachment:
        """:raises Missing: when there is no such file at the record."""
        for each in self.list_attachments(data_type, record_id):
            if each.id == attachment_id:
                return each
        raise Missing(f"{self.name} has no such attachment.", detail=f"{data_type} {record_id}")

    def download_attachment(
        self, data_type: DataType, record_id: str, attachment_id: str, into: IO[bytes]
    ) -> None:
        """Write what is in the file; see ``downloads``.

        :raises Missing: when there is no such file at the record.
        :raises TooLarge: when it is larger than may be passed on.
        """
        del record_id, attachment_id, into
        raise NotSupported(f"{self.name} gives no attachments of {data_type.label.lower()}.")

    def download_pdf(self, data_type: DataType, record_id: str, into: IO[bytes]) -> None:
        """Write a record of a type that is in ``printed`` as PDF; see ``downloads``.

        :raises Missing: when there is no such record.
        :raises TooLarge: when it is larger than may be passed on.
        """
        del record_id, into
        raise NotSupported(f"{self.name} gives no PDF of {data_type.label.lower()}.")


class OAuthPlatform(Platform):
    """A platform on whose own pages the customer authorizes us: OAuth 2.0."""

    redirects: ClassVar[bool] = True
    uses_pkce: ClassVar[bool] = True
    """Whether the platform knows RFC 7636; where it does not, no challenge is sent."""
    scopes: ClassVar[tuple[str, ...]] = ()
    """What we ask for unless the operator says otherwise."""
    environments: ClassVar[tuple[Environment, ...]] = ("production",)

    @classmethod
    @abstractmethod
    def consent_origins(cls, app: PlatformApp) -> tuple[str, ...]:
        """Return where a browser may be sent to authorize us, for the pages' security policy."""

    @classmethod
    @abstractmethod
    def authorize_url(
        cls, app: PlatformApp, *, state: str, redirect_uri: str, code_challenge: str
    ) -> str:
        """Return where to send the customer to authorize us (PKCE challenge by S256)."""

    @classmethod
    @abstractmethod
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
        """Trade the callback's code for credentials.

        ``callback`` is the query the browser came back with. Whatever it says about the business is
        a claim: ``organizations`` asks the platform with the token.

        :raises AuthorizationRevoked: when the code is spent, expired or not ours.
        """

    @classmethod
    @abstractmethod
    def check_registration(cls, http: httpx.Client, app: PlatformApp) -> None:
        """Ask the platform whether it knows our client id and secret.

        :raises PlatformError: when it does not, or does not answer.
        """

    def organizations(self) -> Sequence[Identity]:
        """Return the accounting organizations that the customer's one consent reaches."""
        return (self.identity(),)

    @classmethod
    def leading_to(cls, credentials: Credentials, organization_id: str) -> Credentials:
        """Return tokens from elsewhere with what else leads to the books of an organization.

        :raises PlatformError: when the platform cannot do without its id.
        """
        del organization_id
        return credentials

    def choose(self, organization: Identity) -> Credentials:
        """Return credentials that lead to one of ``organizations``."""
        del organization
        return self.credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """Something the customer types in: an address, a name, a key."""

    name: str
    label: str
    kind: Literal["url", "text", "secret"]
    help: str = ""
    is_required: bool = True


class CredentialPlatform(Platform):
    """A platform whose customers give us an address and a key on our own Link page."""

    # An address and a key are on a computer, and long to type.
    works_on_phones: ClassVar[bool] = False
    redirects: ClassVar[bool] = False
    fields: ClassVar[tuple[CredentialField, ...]]
    """What the Link page asks for. One is named ``url``; at most one is secret."""

    @classmethod
    def from_fields(cls, values: Mapping[str, str]) -> Credentials:
        """Return the credentials that the customer typed in."""
        secret = {field.name for field in cls.fields if field.kind == "secret"}
        return Credentials(
            access_token=next((values.get(name, "") for name in secret), ""),
            parameters={name: value for name, value in values.items() if name not in secret},
        )

    @classmethod
    def api_url(cls, app: PlatformApp, credentials: Credentials | None = None) -> str:
        del app
        return credentials.parameters["url"] if credentials else ""

    @classmethod
    def servers(cls, app: PlatformApp) -> tuple[str, ...]:
        del app
        return ()

    @classmethod
    def refresh(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> Credentials:
        """:raises AuthorizationRevoked: always: a key that is refused stays refused."""
        del http, app, credentials
        raise AuthorizationRevoked(
            gettext_noop("%(platform)s no longer accepts the key."), {"platform": cls.name}
        )

    @classmethod
    def revoke(cls, http: httpx.Client, app: PlatformApp, credentials: Credentials) -> None:
        """Forget the key, which the caller does; withdrawing it is up to whoever made it."""
