from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy

from companies.models import Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity, SameOrganization


class JobQuerySet(TenantQuerySet["Job"]):
    def unfinished(self) -> "JobQuerySet":
        return self.filter(finished_at=None).exclude(confirmed_at=None)


class Job(models.Model):
    """One thing done to many companies: shown first, then confirmed, then carried out by a worker.

    Which companies is settled when it is prepared, so that what was shown is what is done.
    """

    class Action(models.TextChoices):
        REFRESH = "refresh", pgettext_lazy("job", "Refresh")
        DELETE = "delete", pgettext_lazy("job", "Delete")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    action = models.CharField(max_length=10, choices=Action)
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.DB_SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    #: When a worker was last told of it, or last said that it is at work.
    rung_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="job_in_organization"),
            RowLevelSecurity(name="job_isolation", system_reads=True),
        ]
        indexes = [
            models.Index(
                fields=["rung_at"],
                condition=models.Q(finished_at=None, confirmed_at__isnull=False),
                name="job_unfinished",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} of {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    @property
    def is_running(self) -> bool:
        return self.is_confirmed and self.finished_at is None


class JobItem(models.Model):
    """One company of a job, named by id without a foreign key: it may outlive the company."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("job of a company", "Waiting")
        DONE = "done", pgettext_lazy("job of a company", "Done")
        SKIPPED = "skipped", pgettext_lazy("job of a company", "Skipped")
        FAILED = "failed", pgettext_lazy("job of a company", "Failed")

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    job = models.ForeignKey(Job, on_delete=models.DB_CASCADE, related_name="items", db_index=False)
    company_id = models.UUIDField()
    company_name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    #: What was done, or why not, in words.
    outcome = models.CharField(max_length=400, blank=True, default="")

    objects = TenantQuerySet["JobItem"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "company_id"], name="jobitem_once_per_company"),
            SameOrganization(field="job", name="jobitem_same_organization"),
            RowLevelSecurity(name="jobitem_isolation"),
        ]
        indexes = [models.Index(fields=["job", "state", "id"], name="jobitem_by_state")]

    def __str__(self) -> str:
        return f"{self.company_name}: {self.state}"
