from django.apps import AppConfig

from portal import crypto


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        """Refuse to start with encryption keys that do not work."""
        crypto.key_ring()
