"""What an event keeps of its company: plain values, since the company may change or go."""

from typing import Any

from companies.models import Company


def company_facts(company: Company) -> dict[str, Any]:
    return {
        "id": str(company.pk),
        "name": company.name,
        "description": company.description,
        "tags": company.tags,
        "products": company.products,
        "createdAt": company.created_at.isoformat(),
        "createdBy": str(company.created_by) if company.created_by else None,
        "lastPullAt": company.last_pull_at.isoformat() if company.last_pull_at else None,
    }
