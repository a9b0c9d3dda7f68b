"""How an organization reaches a platform: its registration there, and the client to ask with."""

from uuid import UUID

import httpx
from django.conf import settings

from companies import data_keys, tenancy
from companies.data_keys import SealedColumn
from connections.models import Integration
from connections.platforms import PLATFORMS, get_platform
from connections.platforms.base import Credentials, OAuthPlatform, PlatformApp, Unreadable
from connections.platforms.http import platform_client
from connections.words import gettext_noop
from portal.crypto import Undecryptable

SANDBOX = "sandbox"


def platform_app(organization_id: UUID, key: str) -> PlatformApp:
    """Return the organization's registration; without client id where it has none.

    :raises KeyError: when there is no such platform.
    :raises Unreadable: when the client secret cannot be decrypted.
    """
    if get_platform(key).key == SANDBOX:
        return PlatformApp(
            base_url=settings.SANDBOX_URL,
            client_id=settings.SANDBOX_CLIENT_ID,
            client_secret=settings.SANDBOX_CLIENT_SECRET,
            environment="sandbox",
        )
    with tenancy.entered(organization_id):
        integration = Integration.objects.within(organization_id).filter(platform=key).first()
    try:
        return app_of(integration or Integration(organization_id=organization_id, platform=key))
    except Undecryptable as error:
        raise Unreadable(
            gettext_noop(
                "The client secret for %(platform)s cannot be decrypted: its key is gone, or it "
                "was altered. Enter it again under Settings → Integrations."
            ),
            {"platform": get_platform(key).name},
            detail=str(error),
        ) from error


def app_of(integration: Integration) -> PlatformApp:
    """Return the registration that an integration holds.

    :raises Undecryptable: when its client secret was altered, or its key is gone.
    """
    return PlatformApp(
        base_url=stand_in(integration.platform),
        client_id=integration.client_id,
        client_secret=opened_secret(integration),
        scopes=tuple(integration.scopes.split()),
        environment="sandbox" if integration.environment == "sandbox" else "production",
    )


def http_client(key: str, app: PlatformApp, credentials: Credentials | None = None) -> httpx.Client:
    """Return the client that reaches the platform; addresses typed in by tenants are guarded."""
    platform = get_platform(key)
    return platform_client(
        key,
        base_url=platform.api_url(app, credentials),
        is_guarded=not platform.redirects and not settings.ALLOW_PRIVATE_ADDRESSES,
    )


def redirect_uri(key: str) -> str:
    """Return where the platform sends the browser back: one path each, so that none is mixed up."""
    return f"{settings.BASE_URL}/link/callback/{key}"


def stand_in(key: str) -> str:
    """Return the address that stands in for the vendor's own; empty where none does."""
    url: str = settings.SANDBOX_URL if key == SANDBOX else settings.PLATFORM_URLS.get(key, "")
    return url


def consent_origins() -> list[str]:
    """Return where a browser may be sent to authorize us, whatever the organization."""
    origins: list[str] = []
    for key, platform in PLATFORMS.items():
        if issubclass(platform, OAuthPlatform):
            origins += platform.consent_origins(PlatformApp(base_url=stand_in(key)))
    return sorted({origin for origin in origins if origin})


def sealed_secret(integration: Integration, secret: str) -> bytes:
    """Seal a client secret, in the transaction that stores it."""
    return data_keys.seal(integration.organization_id, secret, context=_context(integration))


def opened_secret(integration: Integration) -> str:
    """:raises Undecryptable: when it was altered, or its key is gone."""
    if integration.client_secret is None:
        return ""
    return data_keys.unseal(
        integration.organization_id, integration.client_secret, context=_context(integration)
    )


def _context(integration: Integration) -> str:
    return f"integration|client_secret|{integration.organization_id}|{integration.platform}"


SEALED = (SealedColumn(model=Integration, name="client_secret", context=_context),)
