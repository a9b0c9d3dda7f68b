from django.apps import AppConfig

from portal import celery, crypto


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        """Give tasks their Celery app, and refuse encryption keys that do not work.

        The package itself does not import Celery, because the supervisor would pay for it.
        """
        celery.app.set_default()
        crypto.key_ring()
