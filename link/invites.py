"""The invite URL: one for an organization; whoever opens it adds their company by its name."""

from django.conf import settings

from companies import tenancy
from companies.operations import create_company
from connections import links
from link import rate_limit
from link.models import LinkSettings
from link.settings import find_invite

#: New companies in an hour: from one address, and of one organization.
FROM_ADDRESS, OF_ORGANIZATION = 20, 200


class TooMany(Exception):
    """More companies came by the invite URL in an hour than people can be behind."""


def invite_url(found: LinkSettings) -> str:
    return f"{settings.BASE_URL}/link/invite/{links.token_of(found.invite_id)}/"


def find(token: str) -> LinkSettings | None:
    """Return the settings of the organization that the token invites to.

    One URL for everybody is the opposite of one that opens once: the two exclude each other.
    """
    invite_id = links.id_of(token)
    found = find_invite(invite_id) if invite_id else None
    if found is None:
        return None
    with tenancy.entered(found.organization_id):
        is_one_time = found.organization.uses_one_time_links
    return None if is_one_time else found


def accept(found: LinkSettings, *, name: str, address: str) -> str:
    """Add the company; return its Link URL.

    :raises TooMany: when it is more than people do, by this address or altogether.
    :raises NameMissing: when the name has no character a name may have.
    """
    organization_id = found.organization_id
    if not (
        rate_limit.passes(f"invite|{address}", at_most=FROM_ADDRESS, seconds=rate_limit.HOUR)
        and rate_limit.passes(
            f"invites|{organization_id}", at_most=OF_ORGANIZATION, seconds=rate_limit.HOUR
        )
    ):
        raise TooMany
    with tenancy.entered(organization_id):
        company = create_company(
            found.organization,
            name=name,
            summary="added the company for somebody who opened the invite URL",
        )
        return links.link_url(company)
