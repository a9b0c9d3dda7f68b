"""How a worker leaves a pull: ended for a reason, parked until a time comes, or given back.

Nothing is written for a pull that somebody else has by then.
"""

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db import connection as database

from companies import tenancy
from connections.credentials import give_up
from connections.platforms import get_platform
from connections.platforms.base import (
    AuthorizationRevoked,
    PlatformError,
    RateLimited,
    Suspended,
)
from portal import clock
from sync import claims, outcomes, publishing
from sync.claims import ClaimLost
from sync.models import WAITING, Pull, PullStatus
from sync.outcomes import Failure
from sync.wanted import CancelRequested, DeadlinePassed, OutOfUse

logger = logging.getLogger(__name__)

#: Pauses between looks whether a database that was lost is back: together less than a lease.
_UNTIL_IT_ANSWERS_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_AWAY = "The database was away for a moment; goes on by itself."


class EndlessPaging(Exception):
    """The platform goes on without getting on."""


class TooMuch(EndlessPaging):
    """The platform goes on with ever new records, far beyond what anybody's books hold."""


#: Why a pull does not go on, where we have an answer to that.
REASONS = (
    OutOfUse,
    CancelRequested,
    DeadlinePassed,
    EndlessPaging,
    PlatformError,
    publishing.CountsDisagree,
)


@contextmanager
def while_ours() -> Iterator[None]:
    """Open a block that ends where somebody else has the pull."""
    try:
        yield
    except ClaimLost as lost:
        logger.info("left to others: %s", lost)


def conclude(pull: Pull, reason: Exception) -> None:
    """End a pull that could not go on, or park it; one of `REASONS` says why."""
    match reason:
        case OutOfUse():
            _end(pull, outcomes.out_of_use(pull.connection))
        case CancelRequested():
            _end(pull, outcomes.cancelled(pull))
        case AuthorizationRevoked():
            _lose_access(pull, reason)
        case RateLimited():
            _slow_down(pull, reason)
        case Suspended():
            _leave_alone(pull, reason)
        case DeadlinePassed():
            _end(pull, _too_late(pull))
        case PlatformError():
            logger.info("%s pull %s: %s (%s)", pull.data_type, pull.pk, reason, reason.detail)
            _end(pull, outcomes.failure_of(reason))
        case EndlessPaging():
            _end(pull, _endless(pull, reason))
        case publishing.CountsDisagree():
            logger.error("%s pull %s: %s", pull.data_type, pull.pk, reason)
            _end(pull, _disagreeing(reason))


def break_down(pull: Pull, error: Exception) -> None:
    """End the pull for a fault of ours."""
    failure = Failure(
        status=PullStatus.INTERNAL_ERROR,
        message="Something went wrong on our side; we have been told. What was pulled before "
        "stays as it was.",
        detail=f"{type(error).__name__}: {error}",
    )
    _end(pull, failure)


def _end(pull: Pull, failure: Failure) -> None:
    with while_ours(), tenancy.entered(pull.organization_id):
        outcomes.fail(pull, failure)


def _lose_access(pull: Pull, error: AuthorizationRevoked) -> None:
    """End the pull and what waits on the connection, unless the customer has authorized anew."""
    with tenancy.entered(pull.organization_id):
        connection = claims.lock_owners(pull)
        if connection is None:
            raise ClaimLost(f"the connection of pull {pull.pk} was deleted")
        give_up(connection, None, reason=error.message)
        if connection.is_linked:
            claims.wait(pull, reason="The customer authorized anew; it goes on.", rung_at=None)
            return
        outcomes.cancel_waiting(connection)
    _end(pull, outcomes.out_of_use(connection, detail=error.detail))


def _slow_down(pull: Pull, error: RateLimited) -> None:
    """Wait without a worker when the platform says how long, and it is not for too long."""
    wait, longest = timedelta(seconds=error.retry_after or 0), outcomes.LONGEST_WAIT
    if error.is_daily:
        wait, longest = wait or outcomes.DAY_WITHOUT_A_TIME, outcomes.LONGEST_DAY
    # Tries are counted against a platform that never gets on. A day's limit is known to end, and
    # what we hold back ourselves says nothing of the platform.
    is_counted = error.was_asked and not error.is_daily
    tries = pull.attempts_without_progress if is_counted else 0
    if not wait or wait > longest or tries >= claims.MAX_ATTEMPTS_WITHOUT_PROGRESS:
        _end(pull, outcomes.failure_of(error))
        return
    until = clock.now() + wait
    platform = get_platform(pull.connection.platform).name
    fields = {} if error.was_asked else claims.without_the_attempt()
    if error.is_daily:
        fields["deadline_at"] = until + claims.DEADLINE
    _park(pull, until, f"Waits for {platform} until {outcomes.clock(until)}.", **fields)


def _leave_alone(pull: Pull, error: Suspended) -> None:
    """Wait without a worker for a platform that does not answer; nothing was asked of it."""
    # Not all at once when it answers again: the longer it was out, the more wait.
    lasted = (clock.now() - error.since).total_seconds()
    spread = random.uniform(0, min(max(lasted / 4, 5), 300))  # noqa: S311 - spreads, not secret
    until = clock.now() + timedelta(seconds=error.retry_after + spread)
    platform = get_platform(pull.connection.platform).name
    reason = f"{platform} does not answer. It is asked again at {outcomes.clock(until)}."
    _park(pull, until, reason, since=error.since, **claims.without_the_attempt())


def _park(
    pull: Pull, until: datetime, reason: str, *, since: datetime | None = None, **fields: Any
) -> None:
    """Put a claimed pull back until a time comes, and its connection's others with it."""
    with tenancy.entered(pull.organization_id):
        claims.lock_owners(pull)  # before the pull, since the other pulls are changed too
        claims.wait(pull, reason=reason, not_before=until, outage_since=since, **fields)
        # What one meets the others would only meet too.
        Pull.objects.filter(connection=pull.connection, status__in=WAITING).update(
            not_before=until, status_description=reason, outage_since=since
        )


def give_back(pull: Pull, *, reason: str) -> None:
    """Leave the pull to another worker, which goes on after the last page."""
    with while_ours(), tenancy.entered(pull.organization_id):
        claims.give_back(pull, reason=reason)


def begin_again(pull: Pull, lost: publishing.StagingLost) -> None:
    """Leave the pull to another worker, which fetches everything anew."""
    logger.warning("%s", lost)
    with while_ours(), tenancy.entered(pull.organization_id):
        claims.begin_again(
            pull, reason="What was fetched was lost when the database crashed; begins again."
        )


def went_away(error: Exception) -> bool:
    """Tell whether the database could not be reached, rather than refused something.

    PostgreSQL says that it is about to end a connection with one of class 57P.
    https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(("08", "57P"))


def give_back_when_it_answers(pull: Pull) -> None:
    """Leave the pull to another worker long before its lease has run out, if the database is back.

    Its attempt counts: a pull that brings the database down is not to do so for ever.
    """
    if pull.attempts_without_progress >= claims.MAX_ATTEMPTS_WITHOUT_PROGRESS:
        return
    for pause in _UNTIL_IT_ANSWERS_SECONDS:
        time.sleep(pause)
        if not database.in_atomic_block:  # else it is for whoever opened that to close it
            database.close_if_unusable_or_obsolete()
        try:
            with while_ours(), tenancy.entered(pull.organization_id):
                claims.wait(pull, reason=_AWAY, rung_at=None)
        except (OperationalError, InterfaceError):
            continue
        return


def _too_late(pull: Pull) -> Failure:
    platform = get_platform(pull.connection.platform).name
    hours = int(claims.DEADLINE.total_seconds() // 3600)
    return Failure(
        status=PullStatus.FETCH_ERROR,
        message=f"{platform} did not give all of it within {hours} hours. What was pulled before "
        "stays as it was.",
        detail=f"deadline passed after {pull.pages} pages, {pull.attempts} attempts",
        connection_error="504",
    )


def _endless(pull: Pull, error: EndlessPaging) -> Failure:
    platform = get_platform(pull.connection.platform).name
    what = "sent the same page again and again"
    if isinstance(error, TooMuch):
        what = f"sent {pull.fetched:,} records on {pull.pages:,} pages and came to no end"
    return Failure(
        status=PullStatus.FETCH_ERROR,
        message=f"{platform} {what}. What was pulled before stays as it was.",
        detail=str(error),
        connection_error="502",
    )


def _disagreeing(error: publishing.CountsDisagree) -> Failure:
    return Failure(
        status=PullStatus.PROCESSING_ERROR,
        message="The records fetched and the records to be stored do not add up, so nothing was "
        "stored and what was pulled before stays as it was. We have been told.",
        detail=str(error),
    )
