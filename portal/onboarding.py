"""What a new organization finds: a company linked to the sandbox, its first pull running."""

from uuid import UUID

from companies import operations as companies
from companies import tenancy
from companies.models import Company, Organization, User
from link.sandbox import link_sandbox

SANDBOX_BUSINESS = "small"
SANDBOX_COMPANY_NAME = "Harbour & Finch Coffee Roasters"


def open_organization(user: User, *, name: str) -> tuple[Organization, Company]:
    """Create the organization with its first company, and link that to the sandbox platform.

    The organization stands even if the sandbox does not answer: the connection then says so and
    waits to be linked like any other.
    """
    organization = companies.create_organization(user, name)
    company = add_sandbox_company(organization.pk, user=user)
    return organization, company


def add_sandbox_company(
    organization_id: UUID,
    *,
    user: User,
    name: str = SANDBOX_COMPANY_NAME,
    business: str = SANDBOX_BUSINESS,
) -> Company:
    with tenancy.entered(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        company = companies.create_company(organization, name=name, created_by=user)
    link_sandbox(company, business=business, actor=user)
    return company
