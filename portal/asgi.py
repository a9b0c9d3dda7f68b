"""The web process."""

import os

from django.core.asgi import get_asgi_application

from portal.body_limit import limit_bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = limit_bodies(get_asgi_application())
