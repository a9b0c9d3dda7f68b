"""Credentials that an organization got elsewhere, taken over: nobody has to authorize again."""

from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone

from companies import tenancy
from companies.models import Actor
from connections.gates import gate_before
from connections.models import Connection
from connections.oauth import Authorization
from connections.operations import complete_authorization, refuse_second_accounting
from connections.platforms import get_platform
from connections.platforms.base import (
    CredentialPlatform,
    Credentials,
    Identity,
    OAuthPlatform,
    Platform,
)
from connections.platforms.gates import gated
from connections.registration import http_client, platform_app

#: Of a platform with a consent page. What others ask for are their own fields.
OAUTH_FIELDS = ("accessToken", "refreshToken", "expiresIn", "organizationId")
_LONGEST_LIFE = 10 * 365 * 24 * 60 * 60


class NotImportable(ValueError):
    """What was sent is not what opens such a platform; the text says what would."""


def import_authorization(
    connection: Connection, values: Mapping[str, str], *, actor: Actor | None
) -> Connection:
    """Try the credentials, keep them when they open books, and turn Linked. Nothing is pulled yet.

    Call it outside transactions: it waits for another server. Tokens are good only when they were
    issued to the organization's own registration: it is with that one that they are renewed.

    :raises NotImportable: when something is missing, or the platform knows no such thing.
    :raises PlatformError: when they open nothing.
    :raises AlreadyConnected: when another accounting platform of the company is linked.
    :raises DifferentBusiness: when these are not the books that were linked before.
    :raises Deleted: when the connection is no more.
    """
    platform = get_platform(connection.platform)
    with tenancy.entered(connection.organization_id):
        refuse_second_accounting(connection)
    app = platform_app(connection.organization_id, platform.key)
    if issubclass(platform, CredentialPlatform):
        credentials = platform.from_fields(values)
        opened: Platform = platform(http_client(platform.key, app, credentials), credentials)
        with gated(gate_before(connection, app, credentials)):
            identity = opened.identity()
    elif issubclass(platform, OAuthPlatform):
        if not app.client_id:
            raise NotImportable(
                f"{platform.name} knows no registration of yours to renew tokens with: "
                "enter it under Settings → Integrations first."
            )
        credentials, organization_id = _tokens(platform, values)
        opened = platform(http_client(platform.key, app, credentials), credentials)
        with gated(gate_before(connection, app, credentials)):
            identity = _one_of(opened, organization_id or connection.platform_company_id)
            credentials = opened.choose(identity)
    else:
        raise NotImportable(f"{platform.name} takes no credentials.")
    return complete_authorization(
        Authorization(
            organization_id=connection.organization_id,
            connection_id=connection.pk,
            credentials=credentials,
            identity=identity,
        ),
        actor=actor,
    )


def _tokens(platform: type[OAuthPlatform], values: Mapping[str, str]) -> tuple[Credentials, str]:
    """:raises NotImportable: when a token is missing, or there is what nobody asked for."""
    unknown = sorted(set(values) - set(OAUTH_FIELDS))
    missing = [name for name in ("accessToken", "refreshToken") if not values.get(name)]
    if unknown or missing:
        raise NotImportable(
            f"{platform.name} takes {', '.join(OAUTH_FIELDS)}; the first two are needed."
            + (f" It does not know {', '.join(unknown)}." if unknown else "")
        )
    expires_in = values.get("expiresIn", "")
    if expires_in and not (
        expires_in.isascii() and expires_in.isdecimal() and int(expires_in) < _LONGEST_LIFE
    ):
        raise NotImportable("expiresIn is a number of seconds, written as a text: “1800”.")
    organization_id = values.get("organizationId", "")
    credentials = Credentials(
        access_token=values["accessToken"],
        refresh_token=values["refreshToken"],
        # Without it a refused token is what tells that a fresh one is due.
        expires_at=timezone.now() + timedelta(seconds=int(expires_in)) if expires_in else None,
    )
    return platform.leading_to(credentials, organization_id), organization_id


def _one_of(opened: OAuthPlatform, organization_id: str) -> Identity:
    """:raises NotImportable: when it is not clear whose books are meant."""
    found = opened.organizations()
    if organization_id:
        found = [each for each in found if each.id == organization_id]
    if len(found) == 1:
        return found[0]
    raise NotImportable(
        f"The tokens open {'several businesses' if found else 'no such business'} in "
        f"{opened.name}: name one by its id there, as organizationId."
    )
