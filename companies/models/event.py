from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy

from companies.models.actor import told
from companies.models.organization import Organization, TenantQuerySet
from companies.models.user import User
from companies.rls import RowLevelSecurity


class EventType(models.TextChoices):
    """Everything that can happen and is remembered."""

    COMPANY_CREATED = "company.created", pgettext_lazy("event", "Company created")
    COMPANY_RENAMED = "company.renamed", pgettext_lazy("event", "Company renamed")
    COMPANY_EDITED = "company.edited", pgettext_lazy("event", "Company edited")
    COMPANY_PRODUCT_ADDED = "company.product.added", pgettext_lazy("event", "Product added")
    COMPANY_PRODUCT_REMOVED = "company.product.removed", pgettext_lazy("event", "Product removed")
    COMPANY_DELETED = "company.deleted", pgettext_lazy("event", "Company deleted")
    CONNECTION_CREATED = "connection.created", pgettext_lazy("event", "Connection created")
    CONNECTION_CONNECTED = "connection.connected", pgettext_lazy("event", "Connection linked")
    CONNECTION_RECONNECTED = (
        "connection.reconnected",
        pgettext_lazy("event", "Connection linked again"),
    )
    CONNECTION_FAILED = "connection.failed", pgettext_lazy("event", "Linking failed")
    CONNECTION_DEAUTHORIZED = (
        "connection.deauthorized",
        pgettext_lazy("event", "Connection deauthorized"),
    )
    CONNECTION_LAPSING = (
        "connection.lapsing",
        pgettext_lazy("event", "Authorization about to end"),
    )
    CONNECTION_UNREADABLE = (
        "connection.unreadable",
        pgettext_lazy("event", "Credentials cannot be decrypted"),
    )
    CONNECTION_UNLINKED = "connection.unlinked", pgettext_lazy("event", "Connection unlinked")
    CONNECTION_DELETED = "connection.deleted", pgettext_lazy("event", "Connection deleted")
    LINK_URL_RENEWED = "link_url.renewed", pgettext_lazy("event", "Link URL renewed")
    LINK_URL_ISSUED = "link_url.issued", pgettext_lazy("event", "One-time Link URL made")
    LINK_URL_SENT = "link_url.sent", pgettext_lazy("event", "Link URL sent")
    LINK_URL_REVOKED = "link_url.revoked", pgettext_lazy("event", "Link URL revoked")
    REFRESH_REQUESTED = "refresh.requested", pgettext_lazy("event", "Refresh requested")
    PULL_FINISHED = "pull.finished", pgettext_lazy("event", "Pull finished")
    READ_COMPLETED = "read.completed", pgettext_lazy("event", "Reads completed")
    READ_COMPLETED_INITIAL = (
        "read.completed.initial",
        pgettext_lazy("event", "First reads completed"),
    )
    SETTINGS_CHANGED = "settings.changed", pgettext_lazy("event", "Settings changed")
    FILES_UPLOADED = "files.uploaded", pgettext_lazy("event", "Files uploaded")
    FILES_DELETED = "files.deleted", pgettext_lazy("event", "Files deleted")
    FILE_INFECTED = "file.infected", pgettext_lazy("event", "Virus found in a file")
    RATE_LIMIT_REACHED = "client.rateLimit.reached", pgettext_lazy("event", "API quota used up")
    RATE_LIMIT_RESET = "client.rateLimit.reset", pgettext_lazy("event", "API quota starts anew")


#: What others may be told of: these go through the outbox.
PUBLISHED = frozenset(
    {
        EventType.COMPANY_CREATED,
        EventType.COMPANY_DELETED,
        EventType.COMPANY_PRODUCT_ADDED,
        EventType.COMPANY_PRODUCT_REMOVED,
        EventType.CONNECTION_CREATED,
        EventType.CONNECTION_CONNECTED,
        EventType.CONNECTION_RECONNECTED,
        EventType.CONNECTION_FAILED,
        EventType.CONNECTION_DEAUTHORIZED,
        EventType.CONNECTION_UNLINKED,
        EventType.CONNECTION_DELETED,
        EventType.READ_COMPLETED,
        EventType.READ_COMPLETED_INITIAL,
        EventType.RATE_LIMIT_REACHED,
        EventType.RATE_LIMIT_RESET,
    }
)


class EventQuerySet(TenantQuerySet["Event"]):
    def newest_first(self) -> "EventQuerySet":
        return self.order_by("-occurred_at", "-id")


class Event(models.Model):
    """Something that happened, written in the transaction in which it happened; never changed.

    Serves the activity log, and is what webhooks tell. It names company and connection by id
    without foreign keys, and keeps in its payload what they were: it outlives them.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.DB_CASCADE, related_name="events"
    )
    company_id = models.UUIDField(null=True)
    connection_id = models.UUIDField(null=True)
    type = models.CharField(max_length=40, choices=EventType)
    actor = models.ForeignKey(User, null=True, on_delete=models.DB_SET_NULL, related_name="+")
    #: As it was then: people leave, keys are revoked.
    actor_name = models.CharField(max_length=254, blank=True, default="", db_default="")
    #: The API key that a program came with.
    actor_key_id = models.UUIDField(null=True)
    #: One readable sentence part after the actor: "renamed the company from “Old”".
    summary = models.CharField(max_length=400)
    payload = models.JSONField(default=dict)
    #: The trace in which it happened (see `portal.tracing`), which telling of it belongs to.
    trace = models.CharField(max_length=55, blank=True, default="", db_default="")
    occurred_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            RowLevelSecurity(name="event_isolation", grants=("SELECT", "INSERT")),
        ]
        indexes = [
            models.Index(
                fields=["organization", "company_id", "-occurred_at", "-id"],
                name="event_by_company",
            ),
            # Replaying looks for what consumers were not told.
            models.Index(
                fields=["organization", "occurred_at", "id"],
                condition=models.Q(type__in=sorted(PUBLISHED)),
                name="event_told",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} at {self.occurred_at:%Y-%m-%d %H:%M}"

    @property
    def by(self) -> str:
        """Who did it; nothing where it was nobody who signs in."""
        return told(self.actor, self.actor_name, self.actor_key_id)
