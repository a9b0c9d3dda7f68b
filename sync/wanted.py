"""What is asked of a pull before each of its steps: whether it is to go on at all.

Asked and written in one statement: what is not wanted any more changes no row, and only then is it
asked why.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models
from django.db.models import Exists, ExpressionWrapper, Q
from django.db.models.functions import Now

from companies import tenancy
from connections.models import Connection
from sync import claims
from sync.claims import ClaimLost
from sync.models import RUNNING, Pull, PullStatus

#: What was written so short a time ago is not written again between two tries.
_FRESH_SECONDS = 5.0

_LATE = Q(deadline_at__lte=Now())
_IN_TIME = Q(deadline_at=None) | Q(deadline_at__gt=Now())


class OutOfUse(Exception):
    """The connection was unlinked or lost its authorization while it was pulled."""


class CancelRequested(Exception):
    """Somebody wants the pull to stop."""


class DeadlinePassed(Exception):
    """The pull began too long ago to get to an end."""


def require(pull: Pull) -> None:
    """Look at a pull as it was when it was last read.

    :raises CancelRequested: when somebody wants it to stop.
    :raises DeadlinePassed: when it began too long ago.
    """
    if pull.cancel_requested_at is not None:
        raise CancelRequested
    if pull.is_late:
        raise DeadlinePassed


def require_linked(pull: Pull, connection: Connection | None) -> None:
    """Look at the connection as it is now.

    :raises OutOfUse: when it is not linked any more.
    :raises ClaimLost: when it is gone, and the pull with it.
    """
    if connection is None:
        raise ClaimLost(f"the connection of pull {pull.pk} was deleted")
    if not connection.is_linked:
        pull.connection.status = connection.status
        raise OutOfUse


def write(pull: Pull, **fields: Any) -> None:
    """Change a claimed pull that is to go on and still has time, and renew its lease.

    :raises OutOfUse: when its connection is not linked any more.
    :raises CancelRequested: when somebody wants it to stop.
    :raises DeadlinePassed: when it began too long ago.
    :raises ClaimLost: when it is no longer ours.
    """
    with _or_why_not(pull):
        claims.write(pull, given=_wanted(pull) & _IN_TIME, **fields)


def move(pull: Pull, status: PullStatus, **fields: Any) -> None:
    """Show the next stage of a claimed pull that is to go on, however long it took.

    :raises OutOfUse: when its connection is not linked any more.
    :raises CancelRequested: when somebody wants it to stop.
    :raises ClaimLost: when it is no longer ours.
    """
    with _or_why_not(pull):
        claims.move(pull, status, given=_wanted(pull), **fields)


def renew(pull: Pull) -> None:
    """Renew the lease of a pull that is to go on, in a transaction, unless it was just written.

    :raises OutOfUse: when its connection is not linked any more.
    :raises CancelRequested: when somebody wants it to stop.
    :raises ClaimLost: when it is no longer ours.
    """
    if time.monotonic() - pull.written_at < _FRESH_SECONDS:
        return
    with tenancy.entered(pull.organization_id), _or_why_not(pull):
        claims.write(pull, given=_wanted(pull))


def _wanted(pull: Pull) -> Q:
    linked = Connection.objects.within(pull.organization_id).linked()
    return Q(cancel_requested_at=None) & Q(Exists(linked.filter(pk=pull.connection_id)))


@contextmanager
def _or_why_not(pull: Pull) -> Iterator[None]:
    try:
        yield
    except ClaimLost:
        found = Connection.objects.within(pull.organization_id).filter(pk=pull.connection_id)
        require_linked(pull, found.first())
        held = (
            Pull.objects.within(pull.organization_id)
            .filter(pk=pull.pk, fence=pull.fence, status__in=RUNNING)
            .select_related("cancel_requested_by")
            .annotate(has_no_time=ExpressionWrapper(_LATE, models.BooleanField()))
            .first()
        )
        if held is None:
            raise
        pull.cancel_requested_at = held.cancel_requested_at
        pull.cancel_requested_by = held.cancel_requested_by
        pull.cancel_requested_by_name = held.cancel_requested_by_name
        pull.is_late = held.has_no_time  # type: ignore[attr-defined]  # an annotation
        require(pull)
        raise
