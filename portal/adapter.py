"""allauth's hooks."""

import base64
import logging
import re
import smtplib
from io import BytesIO
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmation
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from qrcode.image.svg import SvgPathFillImage
from qrcode.main import QRCode

from companies.models import User
from portal.crypto import Undecryptable, key_ring

logger = logging.getLogger(__name__)

#: Mails that somebody has just asked for and now waits for.
_ASKED_FOR = ("account/email/password_reset_key", "account/email/unknown_account")
_EXISTS_ALREADY = "account/email/account_already_exists"

_MFA = "mfa"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Builds the addresses in e-mails from our settings, never from a request's Host header."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, and let what was done stand when the mail server does not take the mail."""
        if "signup_url" in context:
            context = context | {"signup_url": _absolute("account_signup")}
        if template_prefix == _EXISTS_ALREADY:
            context = context | {"password_reset_url": _absolute("account_reset_password")}
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


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """Keeps the second step's secrets encrypted, and draws the code to be scanned in the page."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(key_ring().encrypt(text, context=_MFA)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """:raises Undecryptable: when it was altered, or its key is gone."""
        return key_ring().decrypt(encrypted_bytes(encrypted_text), context=_MFA)

    def build_totp_svg(self, url: str) -> SafeString:
        """Draw it as an element: the content security policy refuses images in data URLs."""
        code = QRCode(image_factory=SvgPathFillImage, border=2)
        code.add_data(url)
        drawn = BytesIO()
        code.make_image().save(drawn)
        element = re.sub(r"^.*?(?=<svg)", "", drawn.getvalue().decode(), flags=re.DOTALL)
        return mark_safe(element)  # noqa: S308 - squares, no words of anybody's

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's
        """Suggest a name for one more passkey."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def _get_site_name(self) -> str:
        return "Ledgerport"


def encrypted_bytes(encrypted_text: str) -> bytes:
    """:raises Undecryptable: when it is no ciphertext at all."""
    try:
        return base64.b64decode(encrypted_text, validate=True)
    except ValueError as error:
        raise Undecryptable("not base64") from error


def _absolute(name: str, *args: str) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=args)}"
