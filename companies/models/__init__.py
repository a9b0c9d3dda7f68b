from companies.models.company import Company, CompanyQuerySet, clean_company_name
from companies.models.event import Event, EventQuerySet, EventType
from companies.models.organization import (
    Membership,
    MembershipQuerySet,
    Organization,
    TenantQuerySet,
)
from companies.models.user import User

__all__ = [
    "Company",
    "CompanyQuerySet",
    "Event",
    "EventQuerySet",
    "EventType",
    "Membership",
    "MembershipQuerySet",
    "Organization",
    "TenantQuerySet",
    "User",
    "clean_company_name",
]
