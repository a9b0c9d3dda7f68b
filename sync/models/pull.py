from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy

from companies.models import Company, Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity, SameOrganization
from connections.models import Connection


class PullStatus(models.TextChoices):
    """The public API's statuses of a pull operation (docs/pulls.md tells each one's meaning)."""

    INITIAL = "Initial", pgettext_lazy("pull", "Starting")
    QUEUED = "Queued", pgettext_lazy("pull", "Queued")
    FETCHING = "Fetching", pgettext_lazy("pull", "Fetching")
    MAP_QUEUED = "MapQueued", pgettext_lazy("pull", "Waiting to map")
    MAPPING = "Mapping", pgettext_lazy("pull", "Mapping")
    VALIDATION_QUEUED = "ValidationQueued", pgettext_lazy("pull", "Waiting to validate")
    VALIDATING = "Validating", pgettext_lazy("pull", "Validating")
    PROCESSING_QUEUED = "ProcessingQueued", pgettext_lazy("pull", "Waiting to store")
    PROCESSING = "Processing", pgettext_lazy("pull", "Storing")
    COMPLETE = "Complete", pgettext_lazy("pull", "Complete")
    FETCH_ERROR = "FetchError", pgettext_lazy("pull", "Could not fetch")
    MAP_ERROR = "MapError", pgettext_lazy("pull", "Could not map")
    VALIDATION_ERROR = "ValidationError", pgettext_lazy("pull", "Not valid")
    PROCESSING_ERROR = "ProcessingError", pgettext_lazy("pull", "Could not store")
    INTERNAL_ERROR = "InternalError", pgettext_lazy("pull", "Our error")
    AUTH_ERROR = "AuthError", pgettext_lazy("pull", "Access lost")
    PERMISSIONS_ERROR = "PermissionsError", pgettext_lazy("pull", "No permission")
    RATE_LIMIT_ERROR = "RateLimitError", pgettext_lazy("pull", "Rate limited")
    PREREQUISITE_NOT_MET = "PrerequisiteNotMet", pgettext_lazy("pull", "Needs other data first")
    NOT_SUPPORTED = "NotSupported", pgettext_lazy("pull", "Not supported")
    CANCELLED = "Cancelled", pgettext_lazy("pull", "Cancelled")


#: Waiting for a worker.
WAITING = (PullStatus.INITIAL, PullStatus.QUEUED)
#: In a worker's hands, under a lease.
RUNNING = (
    PullStatus.FETCHING,
    PullStatus.MAP_QUEUED,
    PullStatus.MAPPING,
    PullStatus.VALIDATION_QUEUED,
    PullStatus.VALIDATING,
    PullStatus.PROCESSING_QUEUED,
    PullStatus.PROCESSING,
)
ACTIVE = WAITING + RUNNING
ERRORED = (
    PullStatus.FETCH_ERROR,
    PullStatus.MAP_ERROR,
    PullStatus.VALIDATION_ERROR,
    PullStatus.PROCESSING_ERROR,
    PullStatus.INTERNAL_ERROR,
    PullStatus.AUTH_ERROR,
    PullStatus.PERMISSIONS_ERROR,
    PullStatus.RATE_LIMIT_ERROR,
    PullStatus.PREREQUISITE_NOT_MET,
)


class PullQuerySet(TenantQuerySet["Pull"]):
    def active(self) -> "PullQuerySet":
        return self.filter(status__in=ACTIVE)

    def newest_first(self) -> "PullQuerySet":
        return self.order_by("-requested_at", "-id")


class Pull(models.Model):
    """One reading of one data type over one connection, from request to outcome.

    A worker claims it by raising `fence` and taking a lease; every later write names the fence, so
    a worker that was given up writes nothing. All times are the database's.
    """

    class Trigger(models.TextChoices):
        FIRST_LINK = "first_link", pgettext_lazy("pull", "First link")
        MANUAL = "manual", pgettext_lazy("pull", "Manual refresh")
        SCHEDULE = "schedule", pgettext_lazy("pull", "Schedule")
        API = "api", pgettext_lazy("pull", "API")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.DB_CASCADE, related_name="pulls")
    connection = models.ForeignKey(Connection, on_delete=models.DB_CASCADE, related_name="pulls")
    data_type = models.CharField(max_length=60)
    status = models.CharField(max_length=20, choices=PullStatus, default=PullStatus.QUEUED)
    #: What happens or happened, in words: shown beside the status.
    status_description = models.CharField(max_length=400, blank=True, default="")
    #: Why it failed and what to do next, in words.
    error_message = models.TextField(blank=True, default="")
    #: For support: the platform's own answer or our exception; never shown to customers.
    error_detail = models.TextField(blank=True, default="")

    trigger = models.CharField(max_length=20, choices=Trigger)
    #: Why it was asked for, in one sentence.
    reason = models.CharField(max_length=200, blank=True, default="")
    requested_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DB_SET_NULL, related_name="+"
    )
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    #: The trace in which it was asked for (see `portal.tracing`).
    trace = models.CharField(max_length=55, blank=True, default="", db_default="")
    #: Pulls asked for together; when the last of a batch ends, its reads are completed.
    batch = models.UUIDField()
    sync_order = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    # The claim
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    #: When a worker last took it, and which: see `portal.processes`.
    claimed_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=50, blank=True, default="", db_default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    attempts_without_progress = models.PositiveSmallIntegerField(default=0)
    #: Not to be claimed before: it waits for a back-off or for the platform's limit.
    not_before = models.DateTimeField(null=True, blank=True)
    #: The platform does not answer since then: it is parked until somebody finds that it does.
    outage_since = models.DateTimeField(null=True, blank=True)
    #: When it ends although it is not complete: set by the first claim, and moved by days' limits.
    deadline_at = models.DateTimeField(null=True, blank=True)
    #: When a worker was last told of it.
    rung_at = models.DateTimeField(null=True, blank=True)

    #: Somebody wants it to stop; whoever has it ends it after the page in hand.
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DB_SET_NULL, related_name="+", db_index=False
    )
    #: As it was then: people leave, and programs are known by their keys' names alone.
    cancel_requested_by_name = models.CharField(
        max_length=254, blank=True, default="", db_default=""
    )

    # Where it stands
    #: Every status it had and since when: [{"status": "Fetching", "at": "…"}].
    steps = models.JSONField(default=list)
    #: Reads everything and compares, instead of what changed since `since`.
    is_full = models.BooleanField(default=True)
    #: Ended without publishing because too many records were gone; a person may accept that.
    is_held = models.BooleanField(default=False)
    #: Somebody looked at a held pull and found that the records really are gone.
    accepts_disappearance = models.BooleanField(default=False)
    since = models.TextField(blank=True, default="")
    #: What it asks for beyond the standard data, as it was configured when it was first claimed.
    configuration = models.JSONField(null=True, blank=True)
    #: The platform's mark for the next pull's `since`; published with the records.
    watermark = models.TextField(blank=True, default="")
    #: Resumes after the last staged page.
    cursor = models.TextField(blank=True, default="")
    pages = models.PositiveIntegerField(default=0)
    #: What the platform says there is, if it says so.
    total = models.PositiveIntegerField(null=True, blank=True)
    progress = models.PositiveSmallIntegerField(default=0)

    # Counts: fetched = added + changed + unchanged + rejected + repeated; deleted stands apart.
    fetched = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    #: The same record served twice within the pull; the last one counts.
    repeated = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)

    # What a worker knows of the pull it has; not stored
    #: When it last wrote to it, by its own clock.
    written_at: float
    #: Whether the deadline had passed when it was claimed.
    is_late: bool
    #: Whether nothing of the data type was published before: then there is nothing to compare with.
    store_is_empty: bool
    #: How many records were there before a full pull, and how many of them it does not tell of.
    extent: tuple[int, int] | None = None

    objects = PullQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="pull_in_organization"),
            models.UniqueConstraint(
                fields=["connection", "data_type"],
                condition=models.Q(status__in=[str(status) for status in ACTIVE]),
                name="pull_one_active_per_data_type",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="Complete")
                | models.Q(
                    fetched=models.F("added")
                    + models.F("changed")
                    + models.F("unchanged")
                    + models.F("repeated")
                    + models.F("rejected")
                ),
                name="pull_counts_agree",
            ),
            SameOrganization(field="company", name="pull_same_organization"),
            SameOrganization(field="connection", name="pull_connection_same_organization"),
            RowLevelSecurity(name="pull_isolation", system_reads=True),
        ]
        indexes = [
            models.Index(fields=["company", "-requested_at", "-id"], name="pull_by_company"),
            models.Index(
                fields=["connection", "data_type", "-requested_at"], name="pull_by_connection"
            ),
            models.Index(fields=["batch"], name="pull_by_batch"),
            # Whose turn it is depends on whose it was last.
            models.Index(
                fields=["organization", "-claimed_at"],
                condition=models.Q(claimed_at__isnull=False),
                name="pull_by_claim",
            ),
            # The relay and the reaper look only at what is not finished.
            models.Index(
                fields=["status", "lease_until"],
                condition=models.Q(status__in=[str(status) for status in ACTIVE]),
                name="pull_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.data_type} ({self.status})"

    @property
    def is_cancelling(self) -> bool:
        return self.is_active and self.cancel_requested_at is not None

    @property
    def canceller(self) -> str:
        return str(self.cancel_requested_by or self.cancel_requested_by_name)

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING

    @property
    def is_errored(self) -> bool:
        return self.status in ERRORED

    @property
    def is_completed(self) -> bool:
        return self.status == PullStatus.COMPLETE


class RejectedRecord(models.Model):
    """A record that could not be read, kept aside with its reason so that nothing is lost."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    pull = models.ForeignKey(Pull, on_delete=models.DB_CASCADE, related_name="rejected_records")
    source_id = models.CharField(max_length=200, blank=True)
    reason = models.TextField()
    raw = models.TextField()

    objects = TenantQuerySet["RejectedRecord"].as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="pull", name="rejectedrecord_same_organization"),
            RowLevelSecurity(name="rejectedrecord_isolation"),
        ]
        indexes = [models.Index(fields=["pull"], name="rejectedrecord_by_pull")]

    def __str__(self) -> str:
        return f"{self.source_id}: {self.reason}"


class ValidationIssue(models.Model):
    """A rule a record does not keep: a warning is shown, an error makes the data unusable."""

    class Level(models.TextChoices):
        WARNING = "warning", pgettext_lazy("issue", "Warning")
        ERROR = "error", pgettext_lazy("issue", "Error")

    #: At most so many are kept of one pull; its counts tell the rest.
    KEPT: ClassVar[int] = 200

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    pull = models.ForeignKey(Pull, on_delete=models.DB_CASCADE, related_name="validation_issues")
    level = models.CharField(max_length=10, choices=Level)
    rule_id = models.CharField(max_length=60)
    item_id = models.CharField(max_length=200)
    message = models.TextField()
    validator_name = models.CharField(max_length=60)

    objects = TenantQuerySet["ValidationIssue"].as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="pull", name="validationissue_same_organization"),
            RowLevelSecurity(name="validationissue_isolation"),
        ]
        indexes = [models.Index(fields=["pull", "level"], name="validationissue_by_pull")]

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.message}"


class PlatformRequest(models.Model):
    """A request that a pull made to the platform, for whoever asks what happened and how often."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    pull = models.ForeignKey(
        Pull, on_delete=models.DB_CASCADE, related_name="platform_requests", db_index=False
    )
    at = models.DateTimeField()
    method = models.CharField(max_length=10)
    #: Without anything that might be a secret.
    url = models.CharField(max_length=500)
    #: 0 where no answer came.
    status = models.PositiveSmallIntegerField()
    milliseconds = models.PositiveIntegerField()
    size = models.PositiveIntegerField()

    objects = TenantQuerySet["PlatformRequest"].as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="pull", name="platformrequest_same_organization"),
            RowLevelSecurity(name="platformrequest_isolation"),
        ]
        indexes = [models.Index(fields=["pull", "id"], name="platformrequest_by_pull")]

    def __str__(self) -> str:
        return f"{self.method} {self.url}: {self.status}"
