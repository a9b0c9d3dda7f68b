"""The door: the organization in the URL becomes `request.organization`, or 404."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from companies import tenancy
from companies.access import memberships_of

SERVER_ERROR = 500


class OrganizationMiddleware:
    """Run every view under `/o/<organization>/` inside its organization's transaction.

    A person who is not a member gets 404, so no view has to ask again. An async view (a stream)
    outlives any transaction: it gets the membership and opens its own at each look.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        slug = kwargs.pop("organization", None)
        if slug is None:
            return None
        _identify(request, slug)
        if iscoroutinefunction(view):
            return None
        return _run_inside(request, view, args, kwargs)


def _identify(request: HttpRequest, slug: str) -> None:
    """:raises Http404: for strangers, exactly as for organizations that do not exist."""
    user = request.user
    assert user.is_authenticated
    memberships = memberships_of(user)
    for membership in memberships:
        if membership.organization.slug == slug:
            request.membership = membership  # type: ignore[attr-defined]
            request.organization = membership.organization  # type: ignore[attr-defined]
            request.memberships = memberships  # type: ignore[attr-defined]
            return
    raise Http404(_("No such organization."))


def _run_inside(
    request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> HttpResponseBase:
    with tenancy.entered(request.organization.pk):  # type: ignore[attr-defined]
        response: HttpResponseBase = view(request, *args, **kwargs)
        if response.status_code >= SERVER_ERROR:
            transaction.set_rollback(True)
    return response
