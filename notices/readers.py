"""Who is told of failures, and how it is made sure that nobody is told twice."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from companies import tenancy
from companies.models import Membership, Organization, User
from companies.roles import RIGHTS, Right
from notices.models import Notice
from portal import mail

logger = logging.getLogger(__name__)


def readers(organization: Organization) -> list[User]:
    """Name those who can mend it: members who may change settings, unless it is switched off."""
    if not organization.emails_failures:
        return []
    members = Membership.objects.within(organization).enabled()
    allowed = members.filter(role__in=RIGHTS[Right.EDIT_SETTINGS]).select_related("user")
    return [member.user for member in allowed.order_by("pk")]


def send_once(
    kind: Notice.Kind,
    template: str,
    *,
    organization_id: UUID,
    to: User,
    about: str,
    context: Mapping[str, Any],
) -> bool:
    """Send the e-mail, unless it was sent; answer whether it left.

    Outside of any transaction, so that the mail server keeps nobody waiting. Of two workers one
    makes the row; if it dies before the server took the e-mail, that one e-mail is lost.
    """
    with tenancy.entered(organization_id):
        notice, is_new = Notice.objects.get_or_create(
            organization_id=organization_id, user=to, kind=kind, about=about
        )
    if not is_new:
        return False
    try:
        with timezone.override(to.zone):
            mail.send(template, to=to.email, context={**context, "reader": to})
    except OSError as refused:
        logger.error("%s was not sent to person %s: %s", template, to.pk, refused)  # noqa: TRY400 one line says it
        with tenancy.entered(organization_id):
            notice.delete()
        return False
    return True
