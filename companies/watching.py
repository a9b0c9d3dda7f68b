"""Whether those who keep a page open may still see it: asked anew each time, of all at once.

However many watch, it is two questions to the database. A session is opened and a password's mark
compared only where either is not as it was when that was last done.
"""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from companies.models import Membership, User
from portal import sessions


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member's page depends on besides the page itself."""

    membership_id: int
    role: str
    #: How they read moments.
    absolute_times: bool


@dataclass(slots=True, eq=False)
class Watcher:
    """A person, and the session with which they are signed in, for as long as a page is open."""

    user_id: int
    session_key: str
    #: The session as it is stored, and the password, when everything was last looked at.
    _seen: tuple[str, str] | None = None
    _session: SessionBase | None = None

    def is_signed_in(self, stored: str, password: str) -> bool:
        """Tell whether the session is still theirs; it ends with a new password, too."""
        if self._seen != (stored, password):
            self._session = self._opened()
            self._seen = (stored, password)
        return self._session is not None and not sessions.is_over(self._session)

    def _opened(self) -> SessionBase | None:
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(self.session_key)
        user = auth.get_user(request)
        is_theirs = isinstance(user, User) and user.pk == self.user_id
        return request.session if is_theirs else None


def standings(organization_id: UUID, watchers: Collection[Watcher]) -> dict[Watcher, Standing]:
    """Return those who may still look; call it inside the organization."""
    stored = dict(
        Session.objects.filter(
            session_key__in={watcher.session_key for watcher in watchers},
            expire_date__gt=timezone.now(),
        ).values_list("session_key", "session_data")
    )
    rows = (
        Membership.objects.within(organization_id)
        .enabled()
        .filter(user__in={watcher.user_id for watcher in watchers})
        .values_list("user_id", "user__password", "pk", "role", "user__absolute_times")
    )
    members = {
        user_id: (password, Standing(membership_id, role, absolute_times))
        for user_id, password, membership_id, role, absolute_times in rows
    }
    return {
        watcher: members[watcher.user_id][1]
        for watcher in watchers
        if watcher.user_id in members
        and watcher.session_key in stored
        and watcher.is_signed_in(stored[watcher.session_key], members[watcher.user_id][0])
    }
