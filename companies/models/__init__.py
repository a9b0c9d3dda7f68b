from companies.models.actor import Actor, Program, key_of, name_of, person, told
from companies.models.audit import AuditEntry, AuditKind
from companies.models.company import (
    Company,
    CompanyQuerySet,
    ProductInvalid,
    TagsInvalid,
    clean_company_name,
    clean_product,
    clean_tags,
)
from companies.models.data_key import StoredDataKey
from companies.models.event import PUBLISHED, Event, EventQuerySet, EventType
from companies.models.invitation import Invitation
from companies.models.organization import (
    Membership,
    MembershipQuerySet,
    Organization,
    TenantQuerySet,
)
from companies.models.outbox import OutboxEntry
from companies.models.pruning import Pruning
from companies.models.removed import RemovedOrganization
from companies.models.user import User

__all__ = [
    "PUBLISHED",
    "Actor",
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
    "OutboxEntry",
    "ProductInvalid",
    "Program",
    "Pruning",
    "RemovedOrganization",
    "StoredDataKey",
    "TagsInvalid",
    "TenantQuerySet",
    "User",
    "clean_company_name",
    "clean_product",
    "clean_tags",
    "key_of",
    "name_of",
    "person",
    "told",
]
