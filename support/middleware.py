"""The door of the admin: what its pages may see is decided here, before any of them runs."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.utils.translation import gettext as _

from companies import tenancy
from support.operations import grant_of

SERVER_ERROR = 500


class SupportMiddleware:
    """Run the admin's pages inside the organization that a grant names; without one lead to it.

    People who are not staff get 404: for them there is no such address.
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
        match = request.resolver_match
        if match is None or "admin" not in match.app_names or match.url_name == "login":
            return None  # what looks like the admin's sign-in leads to the portal's
        user = request.user
        if not (user.is_authenticated and user.is_active and user.is_staff):
            raise Http404(_("No such page."))
        grant = grant_of(user)
        request.support_grant = grant  # type: ignore[attr-defined]
        if grant is None:
            return None if match.url_name in OPEN_TO_STAFF else redirect("admin:index")
        with tenancy.entered(grant.organization_id):
            response: HttpResponseBase = view(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()  # later its rows would not be seen any more
            if response.status_code >= SERVER_ERROR:
                transaction.set_rollback(True)
        return response


#: Pages that show nothing of an organization but its name.
OPEN_TO_STAFF = frozenset({"index", "open", "end"})
