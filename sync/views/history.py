"""The pull history, and one pull of it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from companies.access import PortalRequest, requires
from companies.roles import Right
from portal.http import wants_fragment
from sync import operations, pages
from sync.history import STATUS_GROUPS, PullFilter, types_of
from sync.models import Pull
from sync.views.company import find_company


@require_GET
def history(request: PortalRequest, company_id: UUID) -> HttpResponse:
    company = find_company(request, company_id)
    context = pages.table(company, PullFilter.read(request.GET), request.GET)
    context |= {
        "section": "history",
        "status_groups": [(key, group[0]) for key, group in STATUS_GROUPS.items()],
        "data_types": types_of(company),
        "is_first_page": not context["page"].previous,
    }
    template = "sync/history.html#history" if wants_fragment(request) else "sync/history.html"
    return render(request, template, context)


@require_GET
def pull(request: PortalRequest, company_id: UUID, pull_id: UUID) -> HttpResponse:
    company = find_company(request, company_id)
    context = pages.pull(company, pull_id, sees_data=request.membership.can[Right.SEE_DATA])
    if context is None:
        raise Http404(_("No such pull."))
    return render(request, "sync/pull.html", context | {"section": "history"})


@require_POST
@requires(Right.EDIT_SETTINGS)
def accept(request: PortalRequest, company_id: UUID, pull_id: UUID) -> HttpResponse:
    """Believe a held pull: pull again, and flag the missing records as deleted."""
    held = _find_pull(request, company_id, pull_id)
    try:
        follow = operations.accept_disappearance(held, actor=request.user)
    except operations.AlreadyRunning as running:
        follow = running.pull
    except (operations.NotHeld, operations.NotLinked) as refusal:
        messages.warning(request, str(refusal))
        follow = held
    return _to_pull(request, follow)


@require_POST
@requires(Right.REFRESH_DATA)
def retry(request: PortalRequest, company_id: UUID, pull_id: UUID) -> HttpResponse:
    """Pull the same data type once more, and show that pull."""
    ended = _find_pull(request, company_id, pull_id)
    try:
        follow = operations.retry_pull(ended, actor=request.user)
    except operations.AlreadyRunning as running:
        follow = running.pull
    except (operations.NotLinked, operations.NotSupported) as refusal:
        messages.warning(request, str(refusal))
        follow = ended
    return _to_pull(request, follow)


@require_POST
@requires(Right.REFRESH_DATA)
def cancel(request: PortalRequest, company_id: UUID, pull_id: UUID) -> HttpResponse:
    """Stop a pull: at once while it waits, else after the page its worker has in hand."""
    found = _find_pull(request, company_id, pull_id)
    try:
        operations.cancel_pull(found, actor=request.user)
    except operations.AlreadyEnded as refusal:
        messages.warning(request, str(refusal))
    return _to_pull(request, found)


def _find_pull(request: PortalRequest, company_id: UUID, pull_id: UUID) -> Pull:
    company = find_company(request, company_id)
    pulls = Pull.objects.within(request.organization).select_related("connection")
    return get_object_or_404(pulls, company=company, pk=pull_id)


def _to_pull(request: PortalRequest, shown: Pull) -> HttpResponse:
    return redirect(
        "sync:pull",
        organization=request.organization.slug,
        company_id=shown.company_id,
        pull_id=shown.pk,
    )
