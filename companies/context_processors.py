"""What every page of an organization shows around its content."""

from functools import cache
from typing import Any

from django.http import HttpRequest

from companies.models import Company


def organization(request: HttpRequest) -> dict[str, Any]:
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    return {
        "organization": membership.organization,
        "membership": membership,
        "memberships": getattr(request, "memberships", [membership]),
        "can": membership.can,
        # Asked only by pages that show it, and once by each.
        "company_count": cache(Company.objects.within(membership.organization).count),
    }
