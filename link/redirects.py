"""Where a customer is sent in the end: an address with placeholders in braces.

Reserved placeholders say what came of the visit; any other is taken from the Link URL's query.
Names are case-sensitive, what is missing is empty, and values are URL-encoded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from connections.identifiers import integration_id, source_id
from connections.models import Connection
from connections.platforms import get_platform

RESERVED = (
    "clientId",
    "companyId",
    "connectionId",
    "data.company.companyName",
    "errorMessage",
    "integrationId",
    "platform",
    "platformName",
    "sourceId",
    "sourceType",
    "statusCode",
    "statusText",
)
MESSAGES = {
    200: "",
    201: "",
    403: "User cancelled.",
    500: "Unknown error occurred.",
    501: "Not supported.",
}
AUTHORIZED, ALREADY_CONNECTED, CANCELLED, FAILED, NOT_SUPPORTED = MESSAGES
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LONGEST = 8000
_OWN_MACHINE = {"localhost", "127.0.0.1", "[::1]", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of a visit to the Link pages."""

    status_code: int
    #: The platform's own words.
    status_text: str = ""
    connection: Connection | None = None
    #: The Link URL's own query.
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def error_message(self) -> str:
        return MESSAGES[self.status_code]


def check(template: str) -> None:
    """:raises ValidationError: when nobody may, or can, be sent there."""
    if re.search(r"[\s\x00-\x1f\\]", template):
        raise ValidationError(
            _("The address may have no spaces, line breaks or backslashes in it.")
        )
    bare = _PLACEHOLDER.sub("x", template)
    if "{" in bare or "}" in bare:
        raise ValidationError(_("A brace is not closed, or not opened: write {placeholder}."))
    try:
        address = urlsplit(bare)
        host = address.hostname or ""
    except ValueError as error:
        raise ValidationError(_no_address()) from error
    if address.scheme != "https" and not (
        address.scheme == "http" and settings.DEVELOPMENT and host in _OWN_MACHINE
    ):
        raise ValidationError(_no_address())
    # The query could otherwise send customers anywhere.
    if "{" in template.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]:
        raise ValidationError(_("Placeholders may stand after the host name only."))
    if address.username is not None or address.password is not None:
        raise ValidationError(_("The address may have no user name or password in it."))
    URLValidator(schemes=["https", "http"], message=_no_address())(bare)


def filled(template: str, ending: Ending, *, client_id: UUID, company_id: UUID, name: str) -> str:
    """Return the address for this customer; one too long for servers goes without the query's."""
    values = _reserved(ending, client_id=client_id, company_id=company_id, name=name)
    address = _filled(template, {**ending.parameters, **values})
    return address if len(address) <= _LONGEST else _filled(template, values)


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: quote(values.get(found[1], ""), safe=""), template)


def _reserved(ending: Ending, *, client_id: UUID, company_id: UUID, name: str) -> dict[str, str]:
    values = dict.fromkeys(RESERVED, "") | {
        "clientId": str(client_id),
        "companyId": str(company_id),
        "data.company.companyName": name,
        "statusCode": str(ending.status_code),
        "errorMessage": ending.error_message,
        "statusText": ending.status_text,
    }
    if ending.connection is not None:
        platform = get_platform(ending.connection.platform)
        values |= {
            "connectionId": str(ending.connection.pk),
            "integrationId": str(integration_id(platform.code)),
            "sourceId": str(source_id(platform.code)),
            "platform": platform.code,
            "platformName": platform.name,
            "sourceType": ending.connection.source_type,
        }
    return values


def _no_address() -> str:
    if settings.DEVELOPMENT:
        return _("Give a whole address that begins with https://, or with http://localhost.")
    return _("Give a whole address that begins with https://.")
