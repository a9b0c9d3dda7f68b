from companies.models.audit import AuditEntry, AuditKind
from companies.models.company import (
    Company,
    CompanyQuerySet,
    TagsInvalid,
    clean_company_name,
    clean_tags,
)
from companies.models.event import Event, EventQuerySet, EventType
from companies.models.invitation import Invitation
from companies.models.organization import (
    Membership,
    MembershipQuerySet,
    Organization,
    TenantQuerySet,
)
from companies.models.user import User

__all__ = [
    "AuditEntry",
    "AuditKind",
    "Company",
    "CompanyQuerySet",
    "Event",
    "EventQuerySet",
    "EventType",
    "Invitation",
    "Membership",
    "MembershipQuerySet",
    "Organization",
    "TagsInvalid",
    "TenantQuerySet",
    "User",
    "clean_company_name",
    "clean_tags",
]
