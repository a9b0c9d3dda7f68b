from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_in

from chaos import orders
from portal import celery, crypto, logs, sessions


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        """Give tasks their Celery app, and refuse encryption keys that do not work.

        The package itself does not import Celery, because the supervisor would pay for it.
        """
        user_logged_in.connect(sessions.signed_in)
        celery.app.set_default()
        crypto.key_ring()
        if settings.LOG_FORMAT == "json":
            logs.tell_of_the_rest()
        if settings.CHAOS_ORDERS:
            orders.obey(Path(settings.CHAOS_ORDERS))
