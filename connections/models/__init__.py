from connections.models.connection import (
    Connection,
    ConnectionError,  # noqa: A004 - the public API's word
    ConnectionQuerySet,
    Transition,
)
from connections.models.credentials import StoredCredentials
from connections.models.integration import Integration
from connections.models.link import AuthorizationAttempt, LinkUrl, OneTimeCode

__all__ = [
    "AuthorizationAttempt",
    "Connection",
    "ConnectionError",
    "ConnectionQuerySet",
    "Integration",
    "LinkUrl",
    "OneTimeCode",
    "StoredCredentials",
    "Transition",
]
