"""Carry out pulls: claim, fetch page by page, check, publish, say how it ended.

No transaction is open while a platform is asked. Whatever is staged is safe: whoever takes the
pull over goes on after the last page.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from enum import Enum
from itertools import batched
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error, InterfaceError, OperationalError

import chaos
from companies import tenancy
from connections import extra_data
from connections.credentials import give_up, open_platform, renew_after_401
from connections.platforms import get_platform
from connections.platforms.base import (
    AuthorizationRevoked,
    NotSupported,
    Page,
    Platform,
)
from connections.platforms.http import Exchange, recorded
from connections.schemas import CustomType, data_type_of
from portal import logs, tracing
from sync import claims, drift, endings, measures, outcomes, publishing, staging, turns, wanted
from sync.endings import EndlessPaging, TooMuch
from sync.models import PlatformRequest, Pull, PullStatus
from sync.outcomes import Failure

logger = logging.getLogger(__name__)

#: A worker looks whose turn it is after so long; what is left is rung for again.
TIME_BUDGET = timedelta(seconds=5)
#: From then on it looks so often, after a page, whether somebody is worse off.
_LOOK_AROUND_SECONDS = 1.0
_HEARTBEAT_SECONDS = 15.0
#: From so many records on, each stage of storing them is shown.
_SHOWN_FROM = 1000


class GaveWay(Exception):
    """The worker is needed more elsewhere."""


class Turn(Enum):
    """How far a worker came with a connection."""

    #: There was nothing to take: somebody else was quicker.
    MISSED = "missed"
    DONE = "done"
    #: The time was over; something may be left.
    LEFT = "left"


def run_connection(organization_id: UUID, connection_id: UUID) -> bool:
    """Carry out the connection's waiting pulls in turn; answer whether some may be left."""
    return take_turn(organization_id, connection_id, give_way_at()) is Turn.LEFT


def give_way_at() -> float:
    """Return until when, by the monotonic clock, a worker that starts now goes on by itself."""
    return time.monotonic() + TIME_BUDGET.total_seconds()


def take_turn(organization_id: UUID, connection_id: UUID, give_way_at: float) -> Turn:
    """Carry out the connection's waiting pulls, one after the other, until the time is over."""
    turn = Turn.MISSED
    while time.monotonic() < give_way_at:
        pull = _claim_next(organization_id, connection_id)
        if pull is None:
            return turn
        turn = Turn.DONE
        chaos.point("pull.claimed")
        execute(pull, give_way_at=give_way_at)
    return Turn.LEFT


def _claim_next(organization_id: UUID, connection_id: UUID) -> Pull | None:
    with tenancy.entered(organization_id):
        connection = claims.lock_connection(organization_id, connection_id)
        if connection is None:
            return None
        if not connection.is_linked:
            outcomes.cancel_waiting(connection)
            return None
        return claims.claim(connection)


def execute(pull: Pull, *, give_way_at: float) -> None:
    """Carry out a claimed pull to its end, or as far as this worker gets.

    From `give_way_at` on, it is left after a page when the worker is needed more elsewhere.
    """
    with (
        logs.about(organization_id=pull.organization_id, pull_id=pull.pk),
        measures.traced(pull),
    ):
        _execute(pull, give_way_at)


def _execute(pull: Pull, give_way_at: float) -> None:
    try:
        with endings.while_ours():
            _fetch(pull, give_way_at)
            _store(pull)
    except endings.REASONS as reason:
        with endings.while_ours():
            endings.conclude(pull, reason)
    except publishing.StagingLost as lost:
        endings.begin_again(pull, lost)
    except GaveWay:
        endings.give_back(pull, reason="Gave its worker to somebody who waited; goes on by itself.")
    except (SystemExit, SoftTimeLimitExceeded):
        endings.give_back(pull, reason="Its worker was stopped; another one goes on.")
        raise
    except (OperationalError, InterfaceError) as error:
        # No outcome of the pull: somebody goes on, at the latest when its lease has run out.
        if endings.went_away(error):
            endings.give_back_when_it_answers(pull)
        raise
    except Exception as error:
        endings.break_down(pull, error)
        raise


def _fetch(pull: Pull, give_way_at: float) -> None:
    """Stage the pages that are not staged yet.

    :raises GaveWay: after a page, when the worker is needed more elsewhere.
    """
    wanted.require(pull)
    if pull.pages:
        with tenancy.entered(pull.organization_id):
            publishing.require_staged(pull)
    with (
        recorded() as exchanges,
        _written_at_last(pull, exchanges),
        open_platform(
            pull.connection,
            sleep=lambda seconds: _sleep(pull, seconds),
            supplements=extra_data.supplements(data_type_of(pull.data_type), pull.configuration),
            read=claims.credentials_read(pull),
        ) as platform,
    ):
        wanted.renew(pull)  # opening it may have taken its time
        for page in _pages(pull, platform):
            chaos.point("pull.page-answered")
            prepared = staging.prepare(page)
            with tenancy.entered(pull.organization_id):
                staging.stage(pull, page, prepared)
                drift.notice(pull, page.unknown)
                _write_requests(pull, exchanges)
            chaos.point("pull.page-staged")
            _require_measure(pull)
            if time.monotonic() >= give_way_at:
                if turns.is_needed_elsewhere(pull.organization_id):
                    raise GaveWay
                give_way_at = time.monotonic() + _LOOK_AROUND_SECONDS


@contextmanager
def _written_at_last(pull: Pull, exchanges: list[Exchange]) -> Iterator[None]:
    """Keep the requests that led to no page, too: they say why none came."""
    try:
        yield
    finally:
        if exchanges:
            with suppress(Error), tenancy.entered(pull.organization_id):
                _write_requests(pull, exchanges)


def _write_requests(pull: Pull, exchanges: list[Exchange]) -> None:
    """Write what was asked of the platform so far; the list is empty once it is written."""
    PlatformRequest.objects.bulk_create(
        PlatformRequest(
            organization_id=pull.organization_id,
            pull_id=pull.pk,
            at=each.at,
            method=each.method,
            url=each.url[:500],
            status=each.status,
            milliseconds=each.milliseconds,
            size=each.size,
        )
        for each in exchanges
    )
    exchanges.clear()


def _pages(pull: Pull, platform: Platform) -> Iterator[Page]:
    """Yield the pages to come, with a new access token when one has run out on the way.

    :raises AuthorizationRevoked: when a new one is refused as well.
    :raises EndlessPaging: when a page leads back to one that was there.
    """
    is_renewed = False
    seen = {pull.cursor}
    while True:
        try:
            for page in _fetched(pull, platform):
                if page.cursor not in seen:
                    seen.add(page.cursor)
                    is_renewed = False
                elif page.records or page.deleted_ids:
                    raise EndlessPaging(f"cursor {page.cursor!r} came twice")
                yield page
        except AuthorizationRevoked as error:
            if is_renewed:
                give_up(pull.connection, platform.credentials, reason=error.message)
                raise
            is_renewed = True
            platform.credentials = renew_after_401(pull.connection, platform.credentials)
        else:
            return


def _fetched(pull: Pull, platform: Platform) -> Iterator[Page]:
    """Ask for the data type where it was left off.

    :raises NotSupported: for a custom data type that is not configured (any more).
    """
    data_type, cursor = data_type_of(pull.data_type), pull.cursor or None
    if not isinstance(data_type, CustomType):
        return platform.fetch(data_type, since=pull.since or None, cursor=cursor)
    if pull.configuration is None:
        name = get_platform(pull.connection.platform).name
        raise NotSupported(f"{data_type.label} is not configured for {name}.")
    return platform.fetch_custom(extra_data.custom_source(pull.configuration), cursor=cursor)


def _require_measure(pull: Pull) -> None:
    """:raises TooMuch: when there was more than any books hold, and still no end."""
    if pull.fetched + pull.deleted > claims.MOST_RECORDS or pull.pages > claims.MOST_PAGES:
        raise TooMuch(f"beyond {claims.MOST_RECORDS} records or {claims.MOST_PAGES} pages")


def _store(pull: Pull) -> None:
    """Settle, check and publish what is staged.

    Stages that take long are committed one by one, so that everybody sees how far it is; those of
    few records are over before anybody could look, and go together.
    """
    is_long = pull.fetched + pull.deleted >= _SHOWN_FROM
    for stages in batched(_STAGES, 1 if is_long else len(_STAGES), strict=True):
        with tenancy.entered(pull.organization_id):
            # Locked until the commit: nothing is published over a connection that was given up.
            wanted.require_linked(pull, claims.lock_owners(pull))
            publishing.plan_for(pull)
            for stage in stages:
                if failure := stage(pull):
                    publishing.plan_as_usual(pull)
                    outcomes.fail(pull, failure)
                    return
    chaos.point("pull.published")


def _map(pull: Pull) -> None:
    wanted.move(pull, PullStatus.MAPPING)
    publishing.drop_repeated(pull)


def _validate(pull: Pull) -> Failure | None:
    wanted.move(pull, PullStatus.VALIDATING)
    return _unfit(pull)


def _process(pull: Pull) -> None:
    wanted.move(pull, PullStatus.PROCESSING, progress=95)


def _publish(pull: Pull) -> None:
    with tracing.span("publish"):
        publishing.publish(pull)
    chaos.point("pull.before-publish-commit")


_STAGES: tuple[Callable[[Pull], Failure | None], ...] = (_map, _validate, _process, _publish)


def _unfit(pull: Pull) -> Failure | None:
    if pull.rejected and pull.rejected == pull.fetched:
        return Failure(
            status=PullStatus.MAP_ERROR,
            message=f"None of the {pull.rejected} records could be understood; they are kept "
            "aside with their reasons. What was pulled before stays as it was.",
        )
    if pull.errors:
        return Failure(
            status=PullStatus.VALIDATION_ERROR,
            message=f"{pull.errors} errors make the data unusable; the pull's page lists them. "
            "What was pulled before stays as it was until they are put right at the source.",
        )
    try:
        publishing.check_extent(pull)
    except publishing.Held as held:
        return Failure(
            status=PullStatus.VALIDATION_ERROR,
            message=f"Held: {held} That looks like a mistake at the source, so what was pulled "
            "before stays as it was. Check with the customer; if they really are gone, accept "
            "that on this pull's page.",
            is_held=True,
        )
    return None


def _sleep(pull: Pull, seconds: float) -> None:
    """Wait between two tries without losing the claim."""
    wake_at = time.monotonic() + seconds
    while (left := wake_at - time.monotonic()) > 0:
        wanted.renew(pull)
        time.sleep(min(left, _HEARTBEAT_SECONDS))
    wanted.renew(pull)
