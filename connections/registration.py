"""Our registrations at the platforms, from the settings."""

import httpx
from django.conf import settings

from connections.platforms import PLATFORMS
from connections.platforms.base import Platform, PlatformApp
from connections.platforms.http import platform_client


def platform_app(key: str) -> PlatformApp:
    """Return our registration.

    :raises KeyError: when there is none at this platform.
    """
    return {
        "sandbox": PlatformApp(
            base_url=settings.SANDBOX_URL,
            client_id=settings.SANDBOX_CLIENT_ID,
            client_secret=settings.SANDBOX_CLIENT_SECRET,
        )
    }[key]


def http_client(key: str) -> httpx.Client:
    return platform_client(key, base_url=platform_app(key).base_url)


def redirect_uri(key: str) -> str:
    """Return where the platform sends the browser back: one path each, so that none is mixed up."""
    return f"{settings.BASE_URL}/link/callback/{key}"


def available_platforms() -> list[type[Platform]]:
    """Return the platforms we are registered at, by name."""
    registered = [platform for key, platform in PLATFORMS.items() if platform_app(key).base_url]
    return sorted(registered, key=lambda platform: platform.name.casefold())


def platform_choices() -> list[tuple[str, str]]:
    """Return key and name of each: templates would call a class instead of showing it."""
    return [(platform.key, platform.name) for platform in available_platforms()]


def consent_origins() -> list[str]:
    """Return where a browser may be sent to authorize us."""
    return [
        platform_app(platform.key).base_url
        for platform in available_platforms()
        if platform.redirects
    ]
