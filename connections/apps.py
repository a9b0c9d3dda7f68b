from django.apps import AppConfig
from django.utils.translation import gettext

from connections import words


class ConnectionsConfig(AppConfig):
    name = "connections"

    def ready(self) -> None:
        words.translate_with(gettext)
