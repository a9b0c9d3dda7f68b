"""What the live pages of a company show: the view renders it once, the stream again and again."""

from collections.abc import Mapping
from typing import Any

from companies.models import Company
from sync import figures, history, overview
from sync.history import PullFilter


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
