from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy

from companies.models import Company, Organization, TenantQuerySet, User, told
from companies.rls import RowLevelSecurity, SameOrganization
from connections.platforms import get_platform


class ConnectionQuerySet(TenantQuerySet["Connection"]):
    def linked(self) -> "ConnectionQuerySet":
        return self.filter(status=Connection.Status.LINKED)

    def oldest_first(self) -> "ConnectionQuerySet":
        return self.order_by("created_at", "id")


class Connection(models.Model):
    """A company's link to one accounting platform.

    The values of Status are the public API's. What a person sees is `mark`: a linked connection
    with an active error is shown red.
    """

    class Status(models.TextChoices):
        PENDING_AUTH = "PendingAuth", pgettext_lazy("connection", "Pending")
        LINKED = "Linked", pgettext_lazy("connection", "Linked")
        UNLINKED = "Unlinked", pgettext_lazy("connection", "Unlinked")
        DEAUTHORIZED = "Deauthorized", pgettext_lazy("connection", "Deauthorized")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.DB_CASCADE, related_name="connections")
    platform = models.CharField(max_length=40)
    source_type = models.CharField(max_length=20)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING_AUTH)
    status_changed_at = models.DateTimeField(db_default=Now())
    has_active_error = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DB_SET_NULL, related_name="+"
    )
    first_linked_at = models.DateTimeField(null=True, blank=True)
    last_pull_at = models.DateTimeField(null=True, blank=True)
    #: Which accounting organization was first linked: a re-authorization must reach the same one.
    platform_company_id = models.CharField(max_length=200, blank=True, default="")
    platform_company_name = models.CharField(max_length=200, blank=True, default="")

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "id"], name="connection_in_organization"
            ),
            models.UniqueConstraint(
                fields=["company"],
                condition=models.Q(source_type="Accounting", status="Linked"),
                name="connection_one_active_accounting",
            ),
            SameOrganization(field="company", name="connection_same_organization"),
            RowLevelSecurity(name="connection_isolation", system_reads=True),
        ]
        indexes = [
            models.Index(fields=["company", "created_at", "id"], name="connection_by_company"),
            models.Index(fields=["organization", "status"], name="connection_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} ({self.status})"

    @property
    def mark(self) -> str:
        """How it is shown: linked, error, deauthorized, pending or unlinked."""
        if self.status == self.Status.LINKED and self.has_active_error:
            return "error"
        return {
            self.Status.PENDING_AUTH: "pending",
            self.Status.LINKED: "linked",
            self.Status.UNLINKED: "unlinked",
            self.Status.DEAUTHORIZED: "deauthorized",
        }[self.Status(self.status)]

    @property
    def is_linked(self) -> bool:
        return self.status == self.Status.LINKED

    @property
    def is_accounting(self) -> bool:
        return self.source_type == "Accounting"

    @property
    def platform_name(self) -> str:
        return get_platform(self.platform).name


class Transition(models.Model):
    """One step of a connection's timeline; only ever appended."""

    class Kind(models.TextChoices):
        STARTED = "started", pgettext_lazy("step of a connection", "Started")
        FAILED = "failed", pgettext_lazy("step of a connection", "Not completed")
        COMPLETED = "completed", pgettext_lazy("step of a connection", "Linked")
        RECONNECTED = "reconnected", pgettext_lazy("step of a connection", "Linked again")
        DEAUTHORIZED = "deauthorized", pgettext_lazy("step of a connection", "Deauthorized")
        UNLINKED = "unlinked", pgettext_lazy("step of a connection", "Unlinked")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.DB_CASCADE, related_name="transitions"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20)
    reason = models.CharField(max_length=400, blank=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.DB_SET_NULL, related_name="+")
    #: As it was then: people leave, keys are revoked.
    actor_name = models.CharField(max_length=254, blank=True, default="", db_default="")
    #: The API key that a program came with.
    actor_key_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TenantQuerySet["Transition"].as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="connection", name="transition_same_organization"),
            RowLevelSecurity(name="transition_isolation", grants=("SELECT", "INSERT")),
        ]
        indexes = [
            models.Index(
                fields=["connection", "occurred_at", "id"], name="transition_by_connection"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.occurred_at:%Y-%m-%d %H:%M}"

    @property
    def by(self) -> str:
        """Who did it; nothing where it was nobody who signs in."""
        return told(self.actor, self.actor_name, self.actor_key_id)


class ConnectionError(models.Model):  # noqa: A001 - the public API's word: dataConnectionErrors
    """Something that went wrong while linking or pulling; resolved when it works again."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.DB_CASCADE, related_name="errors")
    #: A string in the public API, such as "401".
    status_code = models.CharField(max_length=10)
    status_text = models.CharField(max_length=200)
    error_message = models.TextField()
    errored_at = models.DateTimeField(db_default=Now(), editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ConnectionError"].as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="connection", name="connectionerror_same_organization"),
            RowLevelSecurity(name="connectionerror_isolation"),
        ]
        indexes = [
            models.Index(
                fields=["connection", "-errored_at", "-id"], name="connectionerror_by_connection"
            )
        ]

    def __str__(self) -> str:
        return f"{self.status_code} {self.status_text}"

    @property
    def is_active(self) -> bool:
        return self.resolved_at is None
