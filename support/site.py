"""The admin as support staff meet it: find an organization, say why, look inside for a while."""

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.models import LogEntry
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from companies.models import User
from support import operations, search
from support.forms import GrantForm
from support.models import SupportGrant

if TYPE_CHECKING:
    from django.contrib.admin.sites import _ViewType as _View

UNPROCESSABLE = 422
#: What allauth does, or what would lead around the grant.
_LEFT_OUT = frozenset({"logout", "password_change", "password_change_done", "view_on_site"})


class SupportRequest(HttpRequest):
    user: User
    support_grant: SupportGrant | None


class SupportSite(AdminSite):
    site_header = gettext_lazy("Ledgerport support")
    site_title = gettext_lazy("Ledgerport support")
    index_title = gettext_lazy("Look inside")
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLResolver | URLPattern]:
        own = [
            path(
                "organizations/<uuid:organization_id>/",
                self.admin_view(require_http_methods(["GET", "POST"])(self.open)),
                name="open",
            ),
            path("end/", self.admin_view(require_POST(self.end)), name="end"),
        ]
        theirs = super().get_urls()
        return own + [url for url in theirs if getattr(url, "name", "") not in _LEFT_OUT]

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and hasattr(request, "support_grant")

    def admin_view(
        self,
        view: "_View",
        cacheable: bool = False,  # noqa: FBT001, FBT002 - Django's
    ) -> "_View":
        """Refuse instead of showing a sign-in form of the admin's own."""

        def refusing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_permission(request):
                raise PermissionDenied(_("This is for the operator’s support staff."))
            return view(request, *args, **kwargs)

        return super().admin_view(cast("_View", update_wrapper(refusing, view)), cacheable)

    @login_not_required
    def login(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002 - Django's
    ) -> HttpResponse:
        """Lead to the portal's own sign-in, which knows second steps and passkeys."""
        return redirect_to_login(reverse("admin:index"))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {
            "grant": getattr(request, "support_grant", None),
            "log_entries": self.get_log_entries(request),
        }

    def get_log_entries(self, request: HttpRequest) -> QuerySet[LogEntry]:  # noqa: ARG002 - Django's
        """Answer none: what staff do stands in the organization's own audit log."""
        return LogEntry.objects.none()

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        if getattr(request, "support_grant", None) is not None:
            return super().index(request, extra_context)
        text = request.GET.get("q", "")
        context = self.each_context(request) | {
            "title": _("Find an organization"),
            "q": text,
            "places": search.places(text),
        }
        return TemplateResponse(request, "support/find.html", context)

    def open(self, request: SupportRequest, organization_id: UUID) -> HttpResponse:
        """Ask for reason and duration, then let this person in."""
        place = operations.find_place(organization_id)
        if place is None:
            raise Http404(_("No such organization."))
        form = GrantForm(request.POST or None)
        if form.is_valid():
            operations.open_grant(request.user, place.id, **form.cleaned_data)
            return redirect("admin:index")
        context = self.each_context(request) | {
            "title": _("Open %(organization)s") % {"organization": place.name},
            "place": place,
            "form": form,
        }
        return TemplateResponse(
            request, "support/open.html", context, status=UNPROCESSABLE if form.errors else 200
        )

    def end(self, request: SupportRequest) -> HttpResponse:
        operations.end_grant(request.user)
        messages.success(request, _("Access is given back."))
        return redirect("admin:index")


site = SupportSite()
