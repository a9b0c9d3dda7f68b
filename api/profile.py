"""An organization's profile as the contract writes it: gathered from where the portal keeps it."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse

from api import cors
from api.errors import ApiError, Issue
from api.shapes import Shape
from companies import operations
from companies.models import Organization, Program
from link import redirects
from link.settings import save_link_settings, settings_of

_LONGEST_NAME = 120
_LONGEST_REDIRECT = 1000


class Profile(Shape):
    name: str
    redirect_url: str
    logo_url: str | None = None
    icon_url: str | None = None
    white_list_urls: list[str] | None = None


def of_organization(organization: Organization) -> dict[str, Any]:
    link = settings_of(organization)
    written: dict[str, Any] = {
        "name": organization.name,
        "redirectUrl": link.redirect_url,
        "whiteListUrls": cors.allowed_origins(organization.pk),
    }
    if link.logo_digest:
        path = reverse("link:logo", args=[link.pk, link.logo_digest])
        written["logoUrl"] = f"{settings.BASE_URL}{path}"
    return written


def save(organization: Organization, profile: Profile, *, actor: Program) -> None:
    """Keep what is sent; pictures are what they were.

    :raises ApiError: 400 with each member that cannot be kept.
    """
    held = of_organization(organization)
    name, redirect = " ".join(profile.name.split()), profile.redirect_url.strip()
    issues = [*_issues(name, redirect), *_picture_issues(profile, held)]
    if issues:
        raise ApiError(400, issues[0].message, issues=issues)
    with transaction.atomic():
        if name != organization.name:
            operations.rename_organization(organization, name=name, actor=actor)
        if redirect != held["redirectUrl"]:
            save_link_settings(
                organization, {"redirect_url": redirect}, what="the redirect URL", actor=actor
            )
        if profile.white_list_urls is not None:
            allow_origins(organization, profile.white_list_urls, actor=actor)


def allow_origins(organization: Organization, origins: list[str], *, actor: Program) -> list[str]:
    """:raises ApiError: 400 for what no browser would send as an origin."""
    try:
        return cors.allow_origins(organization, origins, actor=actor)
    except cors.NotAnOrigin as error:
        issue = Issue("allowedOrigins", str(error), "AllowedOrigins")
        raise ApiError(400, str(error), issues=[issue]) from error


def _issues(name: str, redirect: str) -> Iterator[Issue]:
    if not name or len(name) > _LONGEST_NAME or "\x00" in name:
        yield _issue("name", f"A name has 1 to {_LONGEST_NAME} characters.")
    if len(redirect) > _LONGEST_REDIRECT:
        yield _issue("redirectUrl", f"It has at most {_LONGEST_REDIRECT} characters.")
    elif redirect:
        try:
            redirects.check(redirect)
        except ValidationError as error:
            yield _issue("redirectUrl", " ".join(error.messages))


def _picture_issues(profile: Profile, held: dict[str, Any]) -> Iterator[Issue]:
    # Whoever sends back what was read means no change.
    if profile.logo_url and profile.logo_url != held.get("logoUrl"):
        yield _issue("logoUrl", "The logo is uploaded under Settings → Link.")
    if profile.icon_url:
        yield _issue("iconUrl", "Organizations have a logo, but no icon.")


def _issue(member: str, message: str) -> Issue:
    return Issue(member, message, "Profile")
