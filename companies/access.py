"""A member's request inside an organization, and the one place that asks whether it is allowed."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from companies import tenancy
from companies.models import Membership, Organization, User
from companies.roles import Right, Role, is_allowed


class PortalRequest(HttpRequest):
    """A signed-in member's request inside an organization."""

    htmx: HtmxDetails
    user: User
    organization: Organization
    membership: Membership


def memberships_of(user: User) -> list[Membership]:
    """Return where a person belongs, by the name of the organization."""
    with tenancy.as_user(user.pk):
        return list(
            Membership.objects.of(user)
            .select_related("organization")
            .order_by("organization__name", "organization_id")
        )


def requires[**P, R: HttpResponseBase](
    right: Right,
) -> Callable[
    [Callable[Concatenate[PortalRequest, P], R]], Callable[Concatenate[PortalRequest, P], R]
]:
    """Refuse members whose role lacks the right with 403.

    :raises PermissionDenied: with a sentence that names who can grant it.
    """

    def decorate(
        view: Callable[Concatenate[PortalRequest, P], R],
    ) -> Callable[Concatenate[PortalRequest, P], R]:
        @wraps(view)
        def checked(request: PortalRequest, *args: P.args, **kwargs: P.kwargs) -> R:
            role = request.membership.role
            if not is_allowed(role, right):
                raise PermissionDenied(
                    _(
                        "Your role, %(role)s, cannot do this. "
                        "An administrator of your organization can give you another role."
                    )
                    % {"role": Role(role).label}
                )
            return view(request, *args, **kwargs)

        checked.required_right = right  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]  # differs by a parameter's name

    return decorate
