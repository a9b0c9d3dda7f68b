"""One-time Link URLs: a code beside the token, good once, for a day, in the browser that uses it.

An organization may want them, so that an address that was forwarded, or stays in a mailbox, opens
nothing later. Looking at a page neither makes a code nor uses one up: programs that look at e-mails
before people do follow every link. The code is used by a form, and the browser that sent it may
then go on for a day, on this Link URL alone.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto
from urllib.parse import urlencode

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from companies import events, tenancy
from companies.models import Company, EventType, User
from connections import links
from connections.models import Connection, LinkUrl, OneTimeCode
from connections.oauth import digest

VALID_FOR = timedelta(days=1)
#: As long as the cookie that names the browser.
_OPEN_FOR = timedelta(days=1)
#: So long whoever comes late is told that the code was used, or has expired.
_KEPT_FOR = timedelta(days=30)
_CODE_BYTES = 24
_LONGEST = 100
#: The code's name in a company's Link URL, and in that of a connection.
OF_COMPANY, OF_CONNECTION = "link.otp", "otp"
PARAMETERS = (OF_COMPANY, OF_CONNECTION)


class Standing(Enum):
    """What a code is worth."""

    GOOD = auto()
    USED = auto()
    EXPIRED = auto()
    #: There is none, or it is of another Link URL.
    MISSING = auto()


def url_to_hand_out(
    company: Company, *, connection: Connection | None = None, created_by: User | None = None
) -> str:
    """Return a Link URL that opens: with a fresh code where the organization wants that.

    It is what the public API calls `redirect` of a company and `linkUrl` of a connection. With
    one-time links every call makes a code: call it for what is sent, not for what is looked at.
    """
    with tenancy.entered(company.organization_id):
        url = links.link_url(company, connection=connection, created_by=created_by)
        if not company.organization.uses_one_time_links:
            return url
        link = links.latest(company, connection=connection)
        name = OF_CONNECTION if connection else OF_COMPANY
        return f"{url}?{urlencode({name: _new_code(link, created_by)})}"


def issue(company: Company, *, connection: Connection | None = None, actor: User) -> str:
    """Make a one-time Link URL because a member asked for it, and remember who did."""
    with tenancy.entered(company.organization_id):
        url = url_to_hand_out(company, connection=connection, created_by=actor)
        events.record(
            EventType.LINK_URL_ISSUED,
            organization_id=company.organization_id,
            company_id=company.pk,
            connection_id=connection.pk if connection else None,
            actor=actor,
            summary="made a one-time Link URL",
        )
    return url


def admits(link: LinkUrl, *, browser: str) -> bool:
    """Tell whether this browser has opened the Link URL with a code not long ago."""
    if not browser:
        return False
    with tenancy.entered(link.organization_id):
        return OneTimeCode.objects.filter(
            link_url=link,
            browser_hash=digest(browser),
            used_at__gt=timezone.now() - _OPEN_FOR,
        ).exists()


def use(link: LinkUrl, code: str, *, browser: str) -> bool:
    """Use the code up; of several who try at once one succeeds."""
    with tenancy.entered(link.organization_id):
        return bool(
            OneTimeCode.objects.filter(
                link_url=link,
                code_hash=digest(code),
                used_at=None,
                expires_at__gt=timezone.now(),
            ).update(used_at=Now(), browser_hash=digest(browser))
        )


def standing(link: LinkUrl, code: str) -> Standing:
    """Say what the code is worth; nothing changes by that."""
    if not code:
        return Standing.MISSING
    with tenancy.entered(link.organization_id):
        found = OneTimeCode.objects.filter(link_url=link, code_hash=digest(code)).first()
    if found is None:
        return Standing.MISSING
    if found.used_at is not None:
        return Standing.USED
    return Standing.GOOD if found.expires_at > timezone.now() else Standing.EXPIRED


def code_in(query: Mapping[str, str]) -> str:
    """Return the code that an address or a form carries."""
    code = next((query[name] for name in PARAMETERS if query.get(name)), "")
    return code if len(code) <= _LONGEST and "\x00" not in code else ""


def _new_code(link: LinkUrl, created_by: User | None) -> str:
    code = secrets.token_urlsafe(_CODE_BYTES)
    now = timezone.now()
    OneTimeCode.objects.filter(
        Q(expires_at__lt=now - _KEPT_FOR) | Q(used_at__lt=now - _KEPT_FOR), link_url=link
    ).delete()
    OneTimeCode.objects.create(
        organization_id=link.organization_id,
        company_id=link.company_id,
        link_url=link,
        code_hash=digest(code),
        created_by=created_by,
        expires_at=now + VALID_FOR,
    )
    # The code, and whoever used it in its last minute, must not end before their time.
    until = now + VALID_FOR + _OPEN_FOR
    LinkUrl.objects.filter(pk=link.pk, expires_at__lt=until).update(expires_at=until)
    return code
