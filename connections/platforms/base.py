"""The contract between us and an accounting platform.

An adapter is pure: it takes credentials and an HTTP client, returns values and raises
``PlatformError``s (drawn in ``errors``). It knows nothing of the database, settings or Celery.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

import httpx

from connections.platforms.errors import (
    AuthorizationRevoked,
    NotSupported,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Unexpected,
    Unreachable,
)
from connections.schemas import DataType, Record

__all__ = [
    "AuthorizationRevoked",
    "Credentials",
    "Identity",
    "NotSupported",
    "Page",
    "PermissionMissing",
    "Platform",
    "PlatformApp",
    "PlatformError",
    "RateLimited",
    "Rejected",
    "SourceType",
    "Unexpected",
    "Unreachable",
]

SourceType = Literal["Accounting", "Banking", "BankFeed", "Commerce", "Expense", "Other", "Unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformApp:
    """Our registration at a platform."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a customer's authorization gave us."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    refresh_expires_at: datetime | None = None
    scope: str = ""


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
    cursor: str
    watermark: str | None = None
    total: int | None = None


class Platform(ABC):
    """One accounting platform, opened with one connection's credentials."""

    key: ClassVar[str]
    name: ClassVar[str]
    code: ClassVar[str]
    """Four lower-case letters that name the platform in the public API."""
    source_type: ClassVar[SourceType]
    data_types: ClassVar[frozenset[DataType]]
    incremental: ClassVar[frozenset[DataType]]
    """The types that honour ``since`` and then report what was deleted."""
    redirects: ClassVar[bool]
    """Whether the customer authorizes on the platform's own pages."""

    def __init__(
        self,
        http: httpx.Client,
        credentials: Credentials,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``sleep`` is called between tries: a worker may keep its lease alive there, or stop."""
        self.http = http
        self.credentials = credentials
        self.sleep = sleep

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
    ) -> Credentials:
        """Trade the callback's code for credentials.

        :raises AuthorizationRevoked: when the code is spent, expired or not ours.
        """

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
        """Return which accounting organization the credentials reach."""

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
