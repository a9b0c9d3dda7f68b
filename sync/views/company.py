"""A company's summary, and the button that refreshes its data."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from companies.access import PortalRequest, requires
from companies.models import Company
from companies.roles import Right
from portal.http import wants_fragment
from sync import operations, pages
from sync.operations import Refresh


@require_GET
def summary(request: PortalRequest, company_id: UUID) -> HttpResponse:
    company = find_company(request, company_id)
    context = {
        **pages.panel(company),
        **pages.rest(company, sees_data=request.membership.can[Right.SEE_DATA]),
        "section": "summary",
    }
    return render(request, "sync/summary.html", context)


@requires(Right.REFRESH_DATA)
@require_POST
def refresh(request: PortalRequest, company_id: UUID) -> HttpResponse:
    """Start what is not running yet; a second press shows what is."""
    company = find_company(request, company_id)
    if not company.connections.linked().exists():
        return _answer(
            request,
            company,
            _(
                "Nothing to refresh: no connection is linked. "
                "Send the Link URL to the customer first."
            ),
            tone="red",
        )
    started = operations.refresh_company(company, requested_by=request.user)
    return _answer(request, company, _outcome(started))


def _outcome(started: Refresh) -> str:
    queued, running = len(started.queued), len(started.already_running)
    if queued and running:
        first = ngettext(
            "Refresh queued: %(count)d data type.", "Refresh queued: %(count)d data types.", queued
        )
        second = ngettext(
            "%(count)d data type were running already.",
            "%(count)d data types were running already.",
            running,
        )
        return f"{first % {'count': queued}} {second % {'count': running}}"
    if queued:
        words = ngettext(
            "Refresh queued: %(count)d data type", "Refresh queued: %(count)d data types", queued
        )
        return words % {"count": queued}
    if running:
        words = ngettext(
            "A refresh is running already: %(count)d data type to go",
            "A refresh is running already: %(count)d data types to go",
            running,
        )
        return words % {"count": running}
    return _("Nothing to refresh: no data type is set to be fetched. See Settings, Data types.")


def _answer(
    request: PortalRequest, company: Company, words: str, *, tone: str = "green"
) -> HttpResponse:
    """Show the pulls as they now are; without JavaScript, on the page they are shown on."""
    if not wants_fragment(request):
        level = messages.ERROR if tone == "red" else messages.SUCCESS
        messages.add_message(request, level, words)
        return redirect(history_url(company, request))
    context: dict[str, Any] = pages.panel(company)
    response = render(request, "sync/summary.html#pulls", context, status=202)
    response["HX-Trigger"] = json.dumps({"toast": {"text": words, "tone": tone}})
    return response


def find_company(request: PortalRequest, company_id: UUID) -> Company:
    """:raises Http404: for companies of others, exactly as for those that do not exist."""
    companies = Company.objects.within(request.organization).select_related("created_by")
    return get_object_or_404(companies, pk=company_id)


def history_url(company: Company, request: PortalRequest) -> str:
    return reverse(
        "sync:history",
        kwargs={"organization": request.organization.slug, "company_id": company.pk},
    )
