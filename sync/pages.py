"""What the live pages of a company show: the view renders it once, the stream again and again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from companies.models import Company
from sync import figures, history, overview
from sync.history import PullFilter, PullRow
from sync.models import PlatformRequest, RejectedRecord, ValidationIssue

REJECTED_SHOWN = 50
REQUESTS_SHOWN = 100


def panel(company: Company) -> dict[str, Any]:
    """The latest pulls, as the summary shows them."""
    return {
        "company": company,
        "pulls": history.rows(history.latest(company, history.PANEL_SIZE)),
        "progress": history.progress(company),
        "days": history.days(company),
    }


def rest(company: Company, *, sees_data: bool) -> dict[str, Any]:
    """Everything on the summary that changes less often than its pulls."""
    connections = overview.connections_of(company)
    return {
        "company": company,
        "connections": connections,
        "freshness": overview.freshness(connections),
        "activity": overview.activity(company),
        "figures": figures.key_figures(company) if sees_data else None,
    }


def table(
    company: Company, chosen: PullFilter, position: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A page of the pull history: the first unless a position is given."""
    page = history.NEWEST_FIRST.page(
        chosen.apply(history.pulls_of(company)), position or {}, size=history.PAGE_SIZE
    )
    return {
        "company": company,
        "filter": chosen,
        "page": page,
        "pulls": history.rows(page.rows),
        "progress": history.progress(company),
    }


def pull(company: Company, pull_id: UUID, *, sees_data: bool) -> dict[str, Any] | None:
    """One pull with what was wrong in it, or None when the company has no such pull."""
    shown = history.pulls_of(company).filter(pk=pull_id).first()
    if shown is None:
        return None
    context = {"company": company, "row": PullRow(shown), "pull": shown}
    if sees_data:
        asked = PlatformRequest.objects.within(company.organization_id).filter(pull=shown)
        context |= {
            "requests": asked.order_by("pk")[:REQUESTS_SHOWN],
            "request_totals": asked.aggregate(count=Count("pk"), milliseconds=Sum("milliseconds")),
            "rejected": RejectedRecord.objects.within(company.organization_id)
            .filter(pull=shown)
            .order_by("source_id", "pk")[:REJECTED_SHOWN],
            "issues": ValidationIssue.objects.within(company.organization_id)
            .filter(pull=shown)
            .order_by("level", "rule_id", "item_id", "pk"),
        }
    return context
