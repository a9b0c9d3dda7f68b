"""What of an organization support staff see, and the little they may do there.

Nothing sealed, no token and no accounting record is registered: tests/support walks the fields.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import ActionLocation
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from companies.models import Company, Event, Membership, Organization
from connections.models import Connection, LinkUrl
from connections.operations import Deleted, NotLinked
from support import operations
from support.forms import CompanyForm
from support.models import SupportGrant
from support.site import SupportRequest, site
from sync import operations as sync_operations
from sync.models import DataStatus, Pull, UnknownField

__all__ = ["site"]

_EVERYWHERE = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


class TenantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Rows of the organization that the request's grant names; looked at, never written."""

    organization_field: ClassVar[str] = "organization"
    ordering: ClassVar[tuple[str, ...]] = ("pk",)
    show_full_result_count = False
    list_per_page = 50
    view_on_site = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Scope in Python too; row-level security alone would do."""
        grant = _grant(request)
        rows = super().get_queryset(request)
        if grant is None:
            return rows.none()
        return rows.filter(**{self.organization_field: grant.organization_id})

    def get_urls(self) -> list[URLPattern]:
        """Leave out what adds and deletes, and the admin's own history, which nobody writes."""
        left_out = ("_add", "_delete", "_history")
        return [url for url in super().get_urls() if not (url.name or "").endswith(left_out)]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _grant(request) is not None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return _grant(request) is not None

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave it to the operation, which writes the organization's audit log."""


@admin.register(Organization, site=site)
class OrganizationAdmin(TenantAdmin):
    organization_field = "pk"
    list_display = ("name", "slug", "id", "created_at")
    fields = ("id", "name", "slug", "emails_failures", "created_at")
    search_fields = ("name", "slug", "id__exact")


@admin.register(Membership, site=site)
class MembershipAdmin(TenantAdmin):
    list_display = ("user", "email", "role", "is_enabled", "created_at")
    fields = ("user", "email", "role", "is_enabled", "created_at")
    list_filter = ("role", "is_enabled")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email")

    @admin.display(description=gettext_lazy("e-mail address"))
    def email(self, member: Membership) -> str:
        return member.user.email


@admin.register(Company, site=site)
class CompanyAdmin(TenantAdmin):
    form = CompanyForm
    list_display = ("name", "id", "created_at", "last_pull_at")
    fields = ("id", "name", "description", "tags", "created_at", "created_by", "last_pull_at")
    readonly_fields = ("id", "description", "tags", "created_at", "created_by", "last_pull_at")
    search_fields = ("name", "id__exact")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return _grant(request) is not None

    def save_model(
        self,
        request: HttpRequest,
        obj: Company,
        form: Any,
        change: bool,  # noqa: ARG002, FBT001
    ) -> None:
        operations.rename_company(_granted(request), obj, name=form.cleaned_data["name"])


@admin.register(Connection, site=site)
class ConnectionAdmin(TenantAdmin):
    list_display = ("id", "company", "platform", "status", "has_active_error", "last_pull_at")
    fields = (
        "id", "company", "platform", "source_type", "status", "status_changed_at",
        "has_active_error", "platform_company_name", "platform_company_id", "created_at",
        "created_by", "first_linked_at", "last_pull_at",
    )  # fmt: skip
    list_filter = ("status", "has_active_error", "platform")
    list_select_related = ("company",)
    search_fields = ("id__exact", "company__id__exact", "company__name", "platform_company_id")
    actions = ("refresh", "unlink")

    @admin.action(description=gettext_lazy("Refresh data of the company"), location=_EVERYWHERE)
    def refresh(self, request: SupportRequest, connections: QuerySet[Connection]) -> None:
        companies = {each.company for each in connections.select_related("company")}
        pulls = sum(
            len(operations.refresh_company(_granted(request), company).queued)
            for company in companies
        )
        asked = ngettext(
            "Asked for fresh data: %(count)d pull queued.",
            "Asked for fresh data: %(count)d pulls queued.",
            pulls,
        )
        self.message_user(request, asked % {"count": pulls})

    @admin.action(description=gettext_lazy("Unlink"), location=_EVERYWHERE)
    def unlink(
        self, request: SupportRequest, connections: QuerySet[Connection]
    ) -> HttpResponse | None:
        """Ask, then give up access."""
        chosen = connections.select_related("company").order_by("company__name", "pk")
        if "confirmed" not in request.POST:
            context = self.admin_site.each_context(request) | {
                "title": _("Unlink?"),
                "opts": self.opts,
                "connections": chosen,
            }
            return TemplateResponse(request, "support/unlink.html", context)
        _each(
            self,
            request,
            chosen,
            lambda connection: operations.unlink(_granted(request), connection),
            refusals=(NotLinked, Deleted),
            done=lambda count: ngettext("%(count)d unlinked.", "%(count)d unlinked.", count),
        )
        return None


@admin.register(Pull, site=site)
class PullAdmin(TenantAdmin):
    list_display = ("id", "company", "data_type", "status", "trigger", "requested_at")
    fields = (
        "id", "company", "connection", "data_type", "status", "status_description",
        "error_message", "error_detail", "trigger", "reason", "requested_by", "requested_at",
        "batch", "started_at", "completed_at", "attempts", "not_before", "lease_until", "worker",
        "cancel_requested_at", "canceller", "is_full", "is_held", "pages", "fetched",
        "added", "changed", "unchanged", "repeated", "rejected", "deleted", "warnings", "errors",
    )  # fmt: skip
    list_filter = ("status", "trigger", "is_held")
    list_select_related = ("company",)
    search_fields = ("id__exact", "company__id__exact", "connection__id__exact", "data_type")
    ordering = ("-requested_at", "-id")
    actions = ("pull_again", "cancel")

    @admin.action(description=gettext_lazy("Pull again"), location=_EVERYWHERE)
    def pull_again(self, request: SupportRequest, pulls: QuerySet[Pull]) -> None:
        _each(
            self,
            request,
            pulls.select_related("company", "connection"),
            lambda pull: operations.retry_pull(_granted(request), pull),
            refusals=(
                sync_operations.AlreadyRunning,
                sync_operations.NotLinked,
                sync_operations.NotSupported,
            ),
            done=lambda count: ngettext(
                "%(count)d queued again.", "%(count)d queued again.", count
            ),
        )

    @admin.action(description=gettext_lazy("Cancel"), location=_EVERYWHERE)
    def cancel(self, request: SupportRequest, pulls: QuerySet[Pull]) -> None:
        _each(
            self,
            request,
            pulls.select_related("company"),
            lambda pull: operations.cancel_pull(_granted(request), pull),
            refusals=(sync_operations.AlreadyEnded,),
            done=lambda count: ngettext("%(count)d cancelled.", "%(count)d cancelled.", count),
        )


@admin.register(DataStatus, site=site)
class DataStatusAdmin(TenantAdmin):
    list_display = (
        "data_type", "connection", "frequency", "latest_status", "last_success_at", "next_due_at",
        "failures",
    )  # fmt: skip
    fields = (
        "id", "connection", "data_type", "frequency", "latest_status", "latest_pull_id",
        "latest_success_pull_id", "last_success_at", "next_due_at", "failures", "record_count",
    )  # fmt: skip
    list_filter = ("frequency", "latest_status")
    list_select_related = ("connection",)
    search_fields = ("id__exact", "connection__id__exact", "connection__company__id__exact")
    ordering = ("data_type", "id")


@admin.register(UnknownField, site=site)
class UnknownFieldAdmin(TenantAdmin):
    list_display = (
        "platform", "data_type", "path", "json_type", "first_seen_at", "last_seen_on",
        "acknowledged_at",
    )  # fmt: skip
    fields = (
        "id", "platform", "data_type", "path", "json_type", "first_seen_at", "last_seen_on",
        "company_id", "connection_id", "pull_id", "acknowledged_at", "acknowledged_by",
    )  # fmt: skip
    list_filter = ("platform", "data_type", "json_type")
    search_fields = ("path", "platform", "data_type", "pull_id__exact", "connection_id__exact")
    ordering = ("platform", "data_type", "path")


@admin.register(Event, site=site)
class EventAdmin(TenantAdmin):
    list_display = ("occurred_at", "type", "by", "summary", "company_id")
    fields = ("id", "occurred_at", "type", "by", "summary", "company_id", "connection_id")
    list_filter = ("type",)
    list_select_related = ("actor",)
    search_fields = ("id__exact", "company_id__exact", "connection_id__exact")
    ordering = ("-occurred_at", "-id")


@admin.register(LinkUrl, site=site)
class LinkUrlAdmin(TenantAdmin):
    """Whether one is in force; the URL itself is a key and is not shown."""

    list_display = ("id", "company", "created_at", "expires_at", "revoked_at", "in_force")
    fields = ("id", "company", "connection", "created_by", "created_at", "expires_at", "revoked_at")
    list_select_related = ("company",)
    search_fields = ("id__exact", "company__id__exact", "connection__id__exact")
    ordering = ("-created_at", "-id")

    @admin.display(boolean=True, description=gettext_lazy("in force"))
    def in_force(self, link: LinkUrl) -> bool:
        return link.is_in_force


@admin.register(SupportGrant, site=site)
class SupportGrantAdmin(TenantAdmin):
    list_display = ("user", "reason", "granted_at", "expires_at", "ended_at")
    fields = ("id", "user", "reason", "granted_at", "expires_at", "ended_at")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email", "reason")
    ordering = ("-granted_at", "-id")


def _grant(request: HttpRequest) -> SupportGrant | None:
    grant = getattr(request, "support_grant", None)
    return grant if isinstance(grant, SupportGrant) and grant.is_in_force else None


def _granted(request: HttpRequest) -> SupportGrant:
    grant = _grant(request)
    assert grant is not None  # the middleware lets nobody come here without
    return grant


def _each[M: Model](
    model_admin: TenantAdmin,
    request: HttpRequest,
    rows: QuerySet[M],
    act: Callable[[M], object],
    *,
    refusals: tuple[type[Exception], ...],
    done: Callable[[int], str],
) -> None:
    """Do it to each; one that is refused keeps none of the others back."""
    count = 0
    refused: dict[str, None] = {}
    for row in rows:
        try:
            act(row)
        except refusals as refusal:
            refused[str(refusal)] = None
        else:
            count += 1
    if count:
        model_admin.message_user(request, done(count) % {"count": count}, messages.SUCCESS)
    for sentence in refused:
        model_admin.message_user(
            request,
            _("%(refusal)s Nothing was changed there.") % {"refusal": sentence},
            messages.WARNING,
        )
