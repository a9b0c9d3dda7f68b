from pathlib import Path

from django.apps import AppConfig
from django.conf import settings

from chaos import orders
from portal import celery, crypto


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        """Give tasks their Celery app, and refuse encryption keys that do not work.

        The package itself does not import Celery, because the supervisor would pay for it.
        """
        from portal import sessions  # noqa: F401, PLC0415 - hears who signs in; needs the apps

        celery.app.set_default()
        crypto.key_ring()
        if settings.CHAOS_ORDERS:
            orders.obey(Path(settings.CHAOS_ORDERS))
