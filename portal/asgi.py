"""The web process."""

import os
from importlib import import_module

from django.core.asgi import get_asgi_application
from django.urls import get_resolver

from portal import starting
from portal.body_limit import limit_bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = limit_bodies(get_asgi_application())


def load() -> None:
    """Make what Django would make for whoever comes first, who would wait for it."""
    _ = get_resolver().url_patterns
    # Models are loaded by now; before, this could not be imported.
    _ = import_module("api.urls").api.written


starting.web()
load()
