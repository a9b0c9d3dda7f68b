"""Connections as the portal shows them: who is linked, what went wrong, what to do next."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from companies.access import PortalRequest, requires
from companies.models import Company
from companies.roles import Right
from connections import lapsing, links, one_time, operations
from connections.forms import AddConnectionForm
from connections.models import (
    Connection,
    ConnectionError,  # noqa: A004 - the public API's word
    ConnectionQuerySet,
    Transition,
)
from connections.offers import platform_choices
from portal.http import wants_fragment

UNPROCESSABLE = 422
_ERRORS_SHOWN = 5


@require_GET
@requires(Right.ADD_CONNECTIONS)
def manage(request: PortalRequest, company_id: UUID) -> HttpResponse:
    """Show all connections; for htmx the menu that every page of the company has."""
    company = _company(request, company_id)
    if not wants_fragment(request):
        return _manage(request, company)
    context = {"company": company, "connections": _shown(company).oldest_first()}
    response = render(request, "connections/manage.html#menu", context)
    patch_vary_headers(response, ["HX-Request-Type"])
    return response


@require_POST
@requires(Right.ADD_CONNECTIONS)
def create(request: PortalRequest, company_id: UUID) -> HttpResponse:
    company = _company(request, company_id)
    form = AddConnectionForm(request.POST, organization_id=request.organization.pk)
    if not form.is_valid():
        return _manage(request, company, form=form, status=UNPROCESSABLE)
    connection = operations.create_connection(
        company, platform=form.cleaned_data["platform"], actor=request.user
    )
    added = _("%(platform)s is added. Send the customer its Link URL.")
    messages.success(request, added % {"platform": connection.platform_name})
    return redirect("connections:link-url", request.organization.slug, company.pk, connection.pk)


@require_GET
@requires(Right.ADD_CONNECTIONS)
def panel(request: PortalRequest, company_id: UUID, connection_id: UUID) -> HttpResponse:
    """Show one connection; a chip opens it as a dialog."""
    company = _company(request, company_id)
    connection = get_object_or_404(_shown(company), pk=connection_id)
    lapses = lapsing.lapses(company.organization_id, connection=connection)
    context = {"company": company, "connection": connection, "lapse": next(iter(lapses), None)}
    return _page_or_dialog(request, "connections/panel.html", context)


@require_GET
@requires(Right.ADD_CONNECTIONS)
def timeline(request: PortalRequest, company_id: UUID, connection_id: UUID) -> HttpResponse:
    """Show every step from the first on, with its reason."""
    company = _company(request, company_id)
    connections = list(_of(company).oldest_first())
    connection = get_object_or_404(_of(company), pk=connection_id)
    steps = connection.transitions.select_related("actor").order_by("occurred_at", "id")
    context = {
        "company": company,
        "connection": connection,
        "connections": connections,
        "steps": steps,
    }
    return _page_or_dialog(request, "connections/timeline.html", context)


@require_http_methods(["GET", "POST"])
@requires(Right.REMOVE_CONNECTIONS)
def unlink(request: PortalRequest, company_id: UUID, connection_id: UUID) -> HttpResponse:
    """Ask, then give up access."""
    company = _company(request, company_id)
    connection = get_object_or_404(_of(company), pk=connection_id)
    if request.method == "GET":
        context = {"company": company, "connection": connection}
        return _page_or_dialog(request, "connections/unlink.html", context)
    try:
        operations.unlink(
            connection, actor=request.user, reason=f"{request.user} unlinked it in the portal."
        )
    except (operations.NotLinked, operations.Deleted) as refusal:
        messages.warning(request, _("%(refusal)s Nothing was changed.") % {"refusal": refusal})
    else:
        done = _("%(platform)s is unlinked. Its data stay.")
        messages.success(request, done % {"platform": connection.platform_name})
    return redirect("connections:manage", request.organization.slug, company.pk)


@require_GET
@requires(Right.ADD_CONNECTIONS)
def link_url(
    request: PortalRequest, company_id: UUID, connection_id: UUID | None = None
) -> HttpResponse:
    """Show the Link URL to copy."""
    company = _company(request, company_id)
    connection = _connection(company, connection_id)
    context = {"company": company} | _link(request, company, connection)
    return _page_or_dialog(request, "connections/link_url.html", context)


@require_POST
@requires(Right.ADD_CONNECTIONS)
def issue_link_url(
    request: PortalRequest, company_id: UUID, connection_id: UUID | None = None
) -> HttpResponse:
    """Make a one-time Link URL and show it, this once: only a digest of its code is kept."""
    company = _company(request, company_id)
    connection = _connection(company, connection_id)
    if not request.organization.uses_one_time_links:  # switched off since the page was shown
        return _changed_link(
            request, company, connection, _("Link URLs open as often as wanted now.")
        )
    url = one_time.issue(company, connection=connection, actor=request.user)
    context = {"company": company} | _link(request, company, connection) | {"link_url": url}
    if wants_fragment(request):
        return render(request, "connections/_one_time_url.html", context)
    return render(request, "connections/link_url.html", context)


@require_POST
@requires(Right.ADD_CONNECTIONS)
def renew_link_url(
    request: PortalRequest, company_id: UUID, connection_id: UUID | None = None
) -> HttpResponse:
    company = _company(request, company_id)
    connection = _connection(company, connection_id)
    links.renew(company, connection=connection, actor=request.user)
    return _changed_link(request, company, connection, _("New Link URL. The old one has ended."))


@require_POST
@requires(Right.ADD_CONNECTIONS)
def revoke_link_url(
    request: PortalRequest, company_id: UUID, connection_id: UUID | None = None
) -> HttpResponse:
    company = _company(request, company_id)
    connection = _connection(company, connection_id)
    links.revoke(company, connection=connection, actor=request.user)
    return _changed_link(request, company, connection, _("The Link URL is revoked."))


def _company(request: PortalRequest, company_id: UUID) -> Company:
    companies = Company.objects.within(request.organization).select_related("created_by")
    return get_object_or_404(companies, pk=company_id)


def _of(company: Company) -> ConnectionQuerySet:
    return Connection.objects.within(company.organization_id).filter(company=company)


def _shown(company: Company) -> ConnectionQuerySet:
    errors = ConnectionError.objects.order_by("-errored_at", "-id")[:_ERRORS_SHOWN]
    # Whoever added it, be it a program.
    beginnings = Transition.objects.filter(kind=Transition.Kind.STARTED).select_related("actor")
    return (
        _of(company)
        .select_related("created_by")
        .prefetch_related(Prefetch("errors", errors, to_attr="latest_errors"))
        .prefetch_related(Prefetch("transitions", beginnings, to_attr="beginnings"))
    )


def _connection(company: Company, connection_id: UUID | None) -> Connection | None:
    if connection_id is None:
        return None
    return get_object_or_404(_of(company), pk=connection_id)


def _link(
    request: PortalRequest, company: Company, connection: Connection | None
) -> dict[str, Any]:
    if request.organization.uses_one_time_links:  # nothing is made by looking
        link = links.newest(company, connection=connection)
        return {"link": link, "link_url": "", "connection": connection}
    link = links.latest(company, connection=connection, created_by=request.user)
    return {"link": link, "link_url": links.absolute(link), "connection": connection}


def _manage(
    request: PortalRequest,
    company: Company,
    *,
    form: AddConnectionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _link(request, company, None) | {
        "company": company,
        "connections": _shown(company).oldest_first(),
        "platforms": platform_choices(request.organization.pk),
        "form": form,
    }
    return render(request, "connections/manage.html", context, status=status)


def _changed_link(
    request: PortalRequest, company: Company, connection: Connection | None, sentence: str
) -> HttpResponse:
    if not wants_fragment(request):
        messages.success(request, sentence)
        place = [company.pk, connection.pk] if connection else [company.pk]
        return redirect("connections:link-url", request.organization.slug, *place)
    context = {"company": company} | _link(request, company, connection)
    response = render(request, "connections/link_url.html#link-url", context)
    return trigger_client_event(response, "toast", {"text": sentence})


def _page_or_dialog(request: PortalRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = render(
        request, f"{template}#dialog" if wants_fragment(request) else template, context
    )
    patch_vary_headers(response, ["HX-Request-Type"])
    return response
