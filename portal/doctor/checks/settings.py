"""Is this what it says it is? That the settings can be read is seen before anything is asked."""

import os

from django.conf import settings

from portal.doctor.findings import Answer, note, ok, warning

_KNOWN = {"production", "development", "test"}


def read() -> Answer:
    return ok("The settings can be read.")


def environment() -> Answer:
    named = os.environ.get("LEDGERPORT_ENV", "production")
    if settings.DEVELOPMENT and settings.SECURE:
        return warning(
            f"LEDGERPORT_ENV is {named}, but {settings.BASE_URL} is a public address.",
            "Development lets customers link servers of your own network, and sends no e-mail.",
            "Set LEDGERPORT_ENV=production and what docs/operate.md asks for besides; restart.",
        )
    if named not in _KNOWN:
        return note(
            f"LEDGERPORT_ENV is {named}, which is taken for production.",
            "Known are production, development and test.",
        )
    return ok(f"{named}, at {settings.BASE_URL}.")
