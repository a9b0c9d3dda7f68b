"""Pulls whose worker is lost go to another one.

A worker is lost when its lease is over. Where it ran on this machine, that its process has ended is
seen before.
"""

import logging
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from companies import tenancy
from portal import processes
from sync import claims, outcomes
from sync.models import RUNNING, Pull, PullStatus
from sync.outcomes import Failure

logger = logging.getLogger(__name__)


def lost() -> list[Pull]:
    """Return the pulls whose worker is lost; call it as the system role."""
    held = _held(Pull.objects.all()).only("organization_id", "connection_id", "worker")
    return [pull for pull in held.order_by("lease_until", "id") if _is_lost(pull)]


def recover(organization_id: UUID, pull_id: UUID) -> bool:
    """Take a pull from a worker that was lost; answer whether it waits for another one."""
    with tenancy.entered(organization_id):
        pulls = Pull.objects.within(organization_id).filter(pk=pull_id).select_related("connection")
        found = pulls.first()
        if found is None:
            return False
        claims.lock_owners(found)
        # Skipped when locked: then somebody is writing it this very moment, and not lost.
        pull = _held(pulls).select_for_update(of=("self",), skip_locked=True).first()
        if pull is None or not _is_lost(pull):
            return False
        logger.warning("%s pull %s lost its worker", pull.data_type, pull.pk)
        if pull.attempts_without_progress < claims.MAX_ATTEMPTS_WITHOUT_PROGRESS:
            claims.requeue(pull)
            return True
        outcomes.fail(
            pull,
            Failure(
                status=PullStatus.INTERNAL_ERROR,
                message="Its worker was lost again and again without getting further; we have "
                "been told. What was pulled before stays as it was.",
                detail=f"worker lost, {pull.attempts} attempts",
            ),
        )
    return False


def _held(pulls: QuerySet[Pull]) -> QuerySet[Pull]:
    is_over = ExpressionWrapper(Q(lease_until__lte=Now()), output_field=BooleanField())
    return pulls.filter(status__in=RUNNING).annotate(lease_is_over=is_over)


def _is_lost(pull: Pull) -> bool:
    return pull.lease_is_over or processes.is_gone(pull.worker)  # type: ignore[attr-defined]
