"""One thing done to many companies: prepared, confirmed, carried out one by one.

Every company is a transaction of its own with its result: what one of them meets does not keep the
others from their turn, and a worker that is lost leaves the rest to the next.
"""

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from companies import tenancy
from companies.models import Company, CompanyQuerySet, Organization, User
from companies.roles import Right
from connections.models import Connection
from portal import ringing
from sync import deletion, operations
from sync.models import DataStatus, Job, JobItem

logger = logging.getLogger(__name__)

MOST_COMPANIES = 10_000
#: A worker turns to something else after so long; what is left is rung for again.
TIME_BUDGET = timedelta(seconds=30)
#: A job that no worker has said anything of for so long is rung for again.
PATIENCE = timedelta(seconds=60)

RIGHTS = {Job.Action.REFRESH: Right.REFRESH_DATA, Job.Action.DELETE: Right.DELETE_COMPANIES}


class TooMany(ValueError):
    """More companies than a job takes."""


class NothingChosen(ValueError):
    """A job of no company."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a job is about to touch."""

    companies: int
    #: Companies that have a linked connection, which alone can be refreshed.
    linked: int
    connections: int
    records: int

    @property
    def unlinked(self) -> int:
        return self.companies - self.linked


def prepare(
    organization: Organization, action: str, companies: CompanyQuerySet, *, created_by: User
) -> Job:
    """Settle which companies, in the order of their names; nothing is done to them yet.

    What the same person prepared earlier and never confirmed is forgotten.

    :raises NothingChosen: when there is no company.
    :raises TooMany: when there are more than a job takes.
    """
    found = list(
        companies.order_by("sort_name", "id").values_list("pk", "name")[: MOST_COMPANIES + 1]
    )
    if not found:
        raise NothingChosen(_("Choose at least one company first."))
    if len(found) > MOST_COMPANIES:
        raise TooMany(
            _("A job takes %(most)s companies at most. Filter the list first.")
            % {"most": f"{MOST_COMPANIES:,}"}
        )
    with transaction.atomic():
        drafts = Job.objects.within(organization).filter(created_by=created_by, confirmed_at=None)
        drafts.delete()
        job = Job.objects.create(organization=organization, action=action, created_by=created_by)
        JobItem.objects.bulk_create(
            [
                JobItem(organization=organization, job=job, company_id=key, company_name=name)
                for key, name in found
            ],
            batch_size=1000,
        )
    return job


def extent(job: Job) -> Extent:
    ids = job.items.values("company_id")
    connections = Connection.objects.within(job.organization_id).filter(company_id__in=ids)
    statuses = DataStatus.objects.within(job.organization_id)
    records = statuses.filter(connection__company_id__in=ids).aggregate(sum=Sum("record_count"))
    return Extent(
        companies=job.items.count(),
        linked=connections.linked().values("company_id").distinct().count(),
        connections=connections.count(),
        records=records["sum"] or 0,
    )


def counts(job: Job) -> dict[str, int]:
    """Count the job's companies by state; every state is there."""
    found = dict(job.items.values_list("state").annotate(Count("pk")))
    return {state.value: found.get(state.value, 0) for state in JobItem.State}


def confirm(job: Job) -> None:
    """Have it carried out; confirming twice does so once."""
    with transaction.atomic():
        drafts = Job.objects.within(job.organization_id).filter(pk=job.pk, confirmed_at=None)
        if drafts.update(confirmed_at=Now(), rung_at=Now()):
            transaction.on_commit(partial(ring, job.organization_id, job.pk), robust=True)


@shared_task(name="sync.jobs.run_job")
def run_job(*, organization_id: str, job_id: str, **_kwargs: Any) -> None:
    """Carry out a job, or as much of it as is this worker's share."""
    organization, job = UUID(organization_id), UUID(job_id)
    if run(organization, job):
        ring(organization, job)


def ring(organization_id: UUID, job_id: UUID) -> None:
    """Tell a worker of a job; call it after commit. When the broker is down, beat rings later."""
    ringing.ring(run_job, organization_id=organization_id, job_id=job_id)


def run(organization_id: UUID, job_id: UUID) -> bool:
    """Carry out what waits, one company after the other; answer whether some may be left."""
    give_way_at = time.monotonic() + TIME_BUDGET.total_seconds()
    while time.monotonic() < give_way_at:
        with tenancy.entered(organization_id):
            job = Job.objects.within(organization_id).unfinished().filter(pk=job_id).first()
            item_id = _next(job) if job else None
            if job is None or item_id is None:
                return False
        _carry_out(job, item_id)
    return True


def _next(job: Job) -> int | None:
    """Return the next company that nobody has in hand; with the last one settled, finish the job.

    What another worker has is left to it: waiting here would only keep this one busy.
    """
    Job.objects.filter(pk=job.pk).update(rung_at=Now())
    waiting = job.items.filter(state=JobItem.State.WAITING)
    free = waiting.order_by("pk").select_for_update(skip_locked=True)
    found = free.values_list("pk", flat=True).first()
    if found is None and not waiting.exists():
        Job.objects.unfinished().filter(pk=job.pk).update(finished_at=Now())
    return found


def _carry_out(job: Job, item_id: int) -> None:
    try:
        with tenancy.entered(job.organization_id):
            waiting = JobItem.objects.filter(pk=item_id, state=JobItem.State.WAITING)
            # Locked by another worker, it is in good hands.
            item = waiting.select_for_update(skip_locked=True).first()
            if item is not None:
                item.state, item.outcome = _done(job, item)
                item.save(update_fields=["state", "outcome"])
    except Exception:
        logger.exception("job %s could not be carried out for item %s", job.pk, item_id)
        with tenancy.entered(job.organization_id):
            JobItem.objects.filter(pk=item_id, state=JobItem.State.WAITING).update(
                state=JobItem.State.FAILED,
                outcome="Something went wrong on our side; we have been told. Nothing was changed.",
            )


def _done(job: Job, item: JobItem) -> tuple[str, str]:
    company = Company.objects.within(job.organization_id).filter(pk=item.company_id).first()
    if company is None:
        return JobItem.State.SKIPPED, "The company is gone already."
    if job.action == Job.Action.DELETE:
        deletion.delete_company(company, actor=job.created_by)
        return JobItem.State.DONE, "Deleted with its connections and data."
    if not company.connections.linked().exists():
        return JobItem.State.SKIPPED, "No connection is linked."
    started = operations.refresh_company(company, requested_by=job.created_by)
    queued, running = len(started.queued), len(started.already_running)
    if not queued and not running:
        return JobItem.State.SKIPPED, "No data type is set to be fetched."
    words = [f"{queued} pulls queued"] if queued else []
    words += [f"{running} were running already"] if running else []
    return JobItem.State.DONE, f"{', '.join(words)}."
