"""Which organization a person worked in last, so that signing in leads back to it."""

from collections.abc import Iterable

from django.http import HttpRequest

from companies.models import Membership, Organization

_SESSION_KEY = "organization"


def remember(request: HttpRequest, organization: Organization) -> None:
    if request.session.get(_SESSION_KEY) != organization.slug:
        request.session[_SESSION_KEY] = organization.slug


def choose(request: HttpRequest, memberships: Iterable[Membership]) -> Organization | None:
    """Answer the one remembered, else the first; None for a person who belongs to none."""
    organizations = [membership.organization for membership in memberships]
    remembered = request.session.get(_SESSION_KEY)
    return next(
        (organization for organization in organizations if organization.slug == remembered),
        organizations[0] if organizations else None,
    )
