from connections.models.connection import (
    Connection,
    ConnectionError,  # noqa: A004 - the public API's word
    ConnectionQuerySet,
    Transition,
)
from connections.models.credentials import StoredCredentials
from connections.models.extra_data import CustomDataType, SupplementalConfiguration
from connections.models.integration import Integration
from connections.models.link import AuthorizationAttempt, LinkUrl, OneTimeCode

__all__ = [
    "AuthorizationAttempt",
    "Connection",
    "ConnectionError",
    "ConnectionQuerySet",
    "CustomDataType",
    "Integration",
    "LinkUrl",
    "OneTimeCode",
    "StoredCredentials",
    "SupplementalConfiguration",
    "Transition",
]
