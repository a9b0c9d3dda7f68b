"""E-mails of our own: a subject, a text and the same in HTML, from templates/emails/."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def send(name: str, *, to: str, context: Mapping[str, Any]) -> None:
    """Send the e-mail of that name.

    :raises OSError: when the mail server is silent or refuses (SMTPException is one).
    """
    values = dict(context)
    subject = " ".join(render_to_string(f"emails/{name}_subject.txt", values).split())
    message = EmailMultiAlternatives(
        f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{subject}",
        render_to_string(f"emails/{name}_message.txt", values).strip(),
        to=[to],
    )
    message.attach_alternative(render_to_string(f"emails/{name}_message.html", values), "text/html")
    message.send()
