"""Giving tokens back to the platform that granted them."""

import logging
from uuid import UUID

from connections.platforms import get_platform
from connections.platforms.base import Credentials, PlatformError
from connections.registration import http_client, platform_app

logger = logging.getLogger(__name__)


def give_back(organization_id: UUID, platform: str, credentials: Credentials) -> None:
    """Revoke the tokens at the platform; when it does not answer they expire by themselves."""
    try:
        app = platform_app(organization_id, platform)
        http = http_client(platform, app, credentials)
        get_platform(platform).revoke(http, app, credentials)
    except PlatformError as error:
        logger.warning("could not revoke tokens at %s: %s", platform, error.detail)
