"""allauth's hooks."""

import logging
import smtplib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmation
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

logger = logging.getLogger(__name__)

#: Mails that somebody has just asked for and now waits for.
_ASKED_FOR = ("account/email/password_reset_key", "account/email/unknown_account")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Builds the addresses in e-mails from our settings, never from a request's Host header."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, and let what was done stand when the mail server does not take the mail."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, smtplib.SMTPException) as refused:
            if template_prefix in _ASKED_FOR:
                raise
            logger.error("%s was not sent: %s", template_prefix, refused)  # noqa: TRY400 one line says it

    def get_email_confirmation_url(
        self,
        request: HttpRequest,  # noqa: ARG002 - allauth gives it, and that is what we do not use
        emailconfirmation: EmailConfirmation,
    ) -> str:
        return _absolute("account_confirm_email", emailconfirmation.key)

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _, token = key.partition("-")
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
        return f"{settings.BASE_URL}{path}"


def _absolute(name: str, *args: str) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=args)}"
