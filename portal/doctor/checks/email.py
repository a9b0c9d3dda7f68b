"""Would e-mails leave? The server is greeted as when one is sent; none is."""

from contextlib import suppress
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import mailers
from django.core.mail.backends.smtp import EmailBackend

from portal.doctor.findings import Answer, error, ok, warning
from portal.doctor.running import in_words

_SECONDS = 4.0
_MEANS = (
    "Invitations, mails for forgotten passwords and those about failures do not leave; the latter "
    "are tried again for an hour."
)


def sender() -> Answer:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    if not settings.DEVELOPMENT and address.endswith("@localhost"):
        return warning(
            f"E-mails come from {address}.",
            "Most servers refuse a sender without a domain, or take it for spam.",
            "Set LEDGERPORT_FROM_EMAIL, such as Ledgerport <ledgerport@example.com>; restart.",
        )
    return ok(f"E-mails come from {address}.")


def server() -> Answer:
    mailer = mailers.default
    if not isinstance(mailer, EmailBackend):
        return ok("No server is used here: e-mails are printed where the process prints.")
    place = f"{mailer.host}:{mailer.port}"
    mailer.timeout = _SECONDS
    mailer.fail_silently = False
    try:
        mailer.open()
        assert mailer.connection is not None  # it raises otherwise
        mailer.connection.ehlo_or_helo_if_needed()
    except (OSError, ValueError) as fault:  # SMTPException is one
        return error(
            f"The mail server {place} does not take e-mails: {in_words(fault)}.",
            _MEANS,
            "Look at SMTP_HOST, SMTP_PORT, SMTP_USER and SMTP_PASSWORD, and at the way there. The "
            "server must offer STARTTLS with a certificate for that name.",
        )
    finally:
        with suppress(OSError):
            mailer.close()
    how = "and takes our login" if mailer.username and mailer.password else "without login"
    return ok(f"{place} answers{' with TLS' if mailer.use_tls else ''}, {how}.")
