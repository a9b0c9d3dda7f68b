"""Ask a company for its data by e-mail: the Link URL, in the organization's name."""

import logging
import smtplib
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from companies import events, tenancy
from companies.models import Company, EventType, User
from connections import one_time
from link import colours, rate_limit
from link.settings import settings_of

logger = logging.getLogger(__name__)

#: E-mails of one organization in a day.
MOST = 200
_PORTAL_COLOUR = "#191b21"


class NotSent(Exception):
    """Nothing was sent; the message is a sentence for whoever wanted to."""


def send(company: Company, to: str, message: str, actor: User | None) -> None:
    """Mail the company's Link URL and remember it; answers go to whoever asked for it.

    :raises NotSent: when the day's e-mails are used up, or the mail server does not take it.
    """
    organization_id = company.organization_id
    if not rate_limit.passes(f"mails|{organization_id}", at_most=MOST, seconds=rate_limit.DAY):
        raise NotSent(
            _(
                "Your organization has sent %(most)d e-mails in a day, which is all it may. "
                "Copy the Link URL and send it yourself, or try again tomorrow."
            )
            % {"most": MOST}
        )
    with tenancy.entered(organization_id):
        mail = _composed(company, to, message, actor)
        try:
            mail.send()
        except (OSError, smtplib.SMTPException) as refused:
            logger.error("a Link URL was not sent: %s", refused)  # noqa: TRY400 one line says it
            raise NotSent(
                _(
                    "The mail server did not take the e-mail, so nothing was sent. "
                    "Copy the Link URL and send it yourself, or try again in a few minutes."
                )
            ) from refused
        events.record(
            EventType.LINK_URL_SENT,
            organization_id=organization_id,
            company_id=company.pk,
            actor=actor,
            summary=f"sent the Link URL to {to}",
        )


def _composed(
    company: Company, to: str, message: str, actor: User | None
) -> EmailMultiAlternatives:
    link_settings = settings_of(company.organization)
    colour = link_settings.primary_colour or _PORTAL_COLOUR
    context = {
        "settings": link_settings,
        "company": company,
        "message": message,
        "url": one_time.url_to_hand_out(company, created_by=actor),
        "is_one_time": company.organization.uses_one_time_links,
        "base_url": settings.BASE_URL,
        "colour": colour,
        "text_colour": colours.contrast_on(colour).text,
    }
    subject = render_to_string("emails/link_request_subject.txt", context)
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    mail = EmailMultiAlternatives(
        " ".join(subject.split()),
        render_to_string("emails/link_request_message.txt", context).strip(),
        from_email=formataddr((" ".join(link_settings.name.split()), address)),
        to=[to],
        reply_to=[actor.email] if actor else None,
    )
    mail.attach_alternative(
        render_to_string("emails/link_request_message.html", context), "text/html"
    )
    return mail
