"""The pull history, and one pull of it."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from companies.roles import Right
from connections.schemas import DataType
from portal.http import PortalRequest, wants_fragment
from sync import history as history_table
from sync import pages
from sync.history import STATUS_GROUPS, PullFilter, PullRow
from sync.models import RejectedRecord, ValidationIssue
from sync.views.company import find_company

REJECTED_SHOWN = 50


@require_GET
def history(request: PortalRequest, company_id: UUID) -> HttpResponse:
    company = find_company(request, company_id)
    context = pages.table(company, PullFilter.read(request.GET), request.GET)
    context |= {
        "section": "history",
        "status_groups": [(key, words) for key, (words, _) in STATUS_GROUPS.items()],
        "data_types": list(DataType),
        "is_first_page": not context["page"].previous,
    }
    template = "sync/history.html#history" if wants_fragment(request) else "sync/history.html"
    return render(request, template, context)


@require_GET
def pull(request: PortalRequest, company_id: UUID, pull_id: UUID) -> HttpResponse:
    company = find_company(request, company_id)
    shown = get_object_or_404(history_table.pulls_of(company), pk=pull_id)
    context = {"section": "history", "company": company, "row": PullRow(shown), "pull": shown}
    if request.membership.can[Right.SEE_DATA]:
        context |= {
            "rejected": RejectedRecord.objects.within(request.organization)
            .filter(pull=shown)
            .order_by("source_id", "pk")[:REJECTED_SHOWN],
            "issues": ValidationIssue.objects.within(request.organization)
            .filter(pull=shown)
            .order_by("level", "rule_id", "item_id", "pk"),
        }
    return render(request, "sync/pull.html", context)
