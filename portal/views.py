from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from companies import last_used, tenancy
from companies.models import Membership, User


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the organization the person worked in last.

    :raises PermissionDenied: for a person who belongs to no organization.
    """
    user = request.user
    if not isinstance(user, User):  # closed to them already; tells the type checker
        raise PermissionDenied
    with tenancy.as_user(user.pk):
        memberships = list(
            Membership.objects.of(user)
            .select_related("organization")
            .order_by("organization__name", "organization_id")
        )
    organization = last_used.choose(request, memberships)
    if organization is None:
        raise PermissionDenied(
            "You do not belong to an organization. Ask the person who invited you to add you again."
        )
    return redirect("companies:list", organization.slug)
