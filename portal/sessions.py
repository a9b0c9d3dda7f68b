"""How long people stay signed in: so long without asking for anything, and so long in all.

Watching a page that keeps itself up to date asks for nothing: whoever has left their desk is signed
out all the same.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

_BEGAN, _SEEN = "began_at", "seen_at"
#: What is written down for every request would be written for nothing most of the time.
_NOTED_EVERY_SECONDS = 60


class SessionLimitsMiddleware:
    """Sign out whoever has stayed for too long, before anything is done in their name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            if is_over(request.session):
                logout(request)
                messages.info(
                    request, _("You were signed out after a while. Please sign in again.")
                )
            elif time.time() - request.session[_SEEN] >= _NOTED_EVERY_SECONDS:
                request.session[_SEEN] = time.time()
        return self.get_response(request)


def is_over(session: SessionBase) -> bool:
    """Tell whether a session that somebody is signed in with has come to its end.

    One of which it is not known since when somebody is signed in has.
    """
    now = time.time()
    idle, whole = settings.SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE
    return bool(now - session.get(_SEEN, 0) > idle or now - session.get(_BEGAN, 0) > whole)


def begin(session: SessionBase) -> None:
    """Note that somebody is signed in with it from now on."""
    session[_BEGAN] = session[_SEEN] = time.time()


def signed_in(request: HttpRequest, **_about: Any) -> None:
    """Hear of a sign-in, whichever way it was made."""
    begin(request.session)
