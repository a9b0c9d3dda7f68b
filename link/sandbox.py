"""Link a company to the sandbox platform without a person: what sign-up does for a newcomer.

It walks the way a customer's browser walks, over the same Link URL and the platform's own consent
page, so that the demo's connection is like any other.
"""

import logging
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx

from companies import tenancy
from companies.models import Company, User
from connections import links, oauth
from connections.models import Connection
from connections.operations import fail_authorization
from link import operations

logger = logging.getLogger(__name__)

PLATFORM = "sandbox"
_TIMEOUT = 10.0


def link_sandbox(
    company: Company, *, business: str, actor: User | None = None
) -> Connection | None:
    """Authorize one of the sandbox's sample businesses and start its first pulls.

    Returns nothing when the sandbox does not answer or says no: the Link URL is there to try again.
    Call it outside transactions: it waits for another server.
    """
    browser = oauth.new_browser()
    link = links.latest(company, created_by=actor)
    address = operations.start(link, platform=PLATFORM, browser=browser)
    try:
        answer = _consent(address, business)
        attempt = oauth.find_attempt(
            platform=PLATFORM, state=answer.get("state", ""), browser=browser
        )
        oauth.claim(attempt)
    except (httpx.HTTPError, oauth.NotOurs) as error:
        logger.warning("the sandbox platform did not authorize: %s", error)
        _say_why_not(company)
        return None
    return operations.complete(attempt, code=answer.get("code", ""), callback={})


def _say_why_not(company: Company) -> None:
    with tenancy.entered(company.organization_id):
        connection = Connection.objects.within(company.organization_id).get(
            company=company, platform=PLATFORM
        )
        fail_authorization(
            connection,
            status_code="503",
            status_text="Sandbox not reached",
            message="The sandbox platform did not answer. Open the Link URL to try again.",
        )


def _consent(address: str, business: str) -> dict[str, str]:
    """Press “Allow access” on the consent page; return what the platform sends back with."""
    page = urlsplit(address)
    form = {**dict(parse_qsl(page.query)), "business": business, "decision": "allow"}
    with httpx.Client(timeout=_TIMEOUT, trust_env=False) as browser:
        response = browser.post(page._replace(query="").geturl(), data=form)
    if not response.is_redirect:
        response.raise_for_status()
    answer = parse_qs(urlsplit(response.headers.get("Location", "")).query)
    return {name: values[0] for name, values in answer.items()}
