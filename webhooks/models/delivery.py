from typing import Self
from uuid import UUID, uuid4, uuid5

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from companies.models import Event, Organization, TenantQuerySet
from companies.rls import RowLevelSecurity, SameOrganization
from webhooks.models.consumer import WebhookConsumer


def delivery_id(consumer_id: UUID, event_id: UUID) -> UUID:
    """Name the delivery of an event to a consumer, the same whoever makes it and however often.

    A database that comes out of a backup makes again what it had made later: consumers know it by
    its `webhook-id`.
    """
    return uuid5(consumer_id, str(event_id))


class DeliveryStatus(models.TextChoices):
    SENDING = "sending", pgettext_lazy("delivery", "Sending")
    ATTEMPTING = "attempting", pgettext_lazy("delivery", "Attempting")
    SUCCEEDED = "succeeded", pgettext_lazy("delivery", "Succeeded")
    FAILED = "failed", pgettext_lazy("delivery", "Failed")
    DISABLED = "disabled", pgettext_lazy("delivery", "Consumer disabled")


#: More attempts come.
PENDING = (DeliveryStatus.SENDING, DeliveryStatus.ATTEMPTING)


class DeliveryQuerySet(TenantQuerySet["Delivery"]):
    def pending(self) -> Self:
        return self.filter(status__in=PENDING)

    def recoverable(self) -> Self:
        """Select what ended without having arrived."""
        return self.filter(status__in=(DeliveryStatus.FAILED, DeliveryStatus.DISABLED))


class Delivery(models.Model):
    """One event on its way to one consumer: the row is the ledger, its id the message's.

    A relay claims the attempt that is due by raising `fence` under a lease; whoever comes late with
    an older fence writes nothing. Every attempt of one delivery carries the same `webhook-id`.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    consumer = models.ForeignKey(
        WebhookConsumer, on_delete=models.DB_CASCADE, related_name="deliveries", db_index=False
    )
    #: None where an example was sent. An event outlives its messages (see `portal.pruning`).
    event = models.ForeignKey(
        Event, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    event_type = models.CharField(max_length=60)
    company_id = models.UUIDField(null=True)
    status = models.CharField(max_length=20, choices=DeliveryStatus, default=DeliveryStatus.SENDING)
    #: Of all attempts, also of those before it was sent again by hand.
    attempts = models.PositiveIntegerField(default=0)
    #: Since it was last put on its way: says how long to wait for the next.
    tries = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, db_default=Now())
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)

    # The claim
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["event", "consumer"], name="delivery_once"),
            models.UniqueConstraint(fields=["organization", "id"], name="delivery_in_organization"),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[str(status) for status in PENDING], next_attempt_at__isnull=False
                )
                | (
                    ~models.Q(status__in=[str(status) for status in PENDING])
                    & models.Q(next_attempt_at__isnull=True)
                ),
                name="delivery_pending_has_a_time",
            ),
            SameOrganization(field="consumer", name="delivery_same_organization"),
            RowLevelSecurity(
                name="delivery_isolation",
                system_reads=("id", "organization_id", "consumer_id", "next_attempt_at"),
            ),
        ]
        indexes = [
            # What the relay looks at: small, whatever has been delivered.
            models.Index(
                fields=["consumer", "next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="delivery_due",
            ),
            models.Index(
                fields=["consumer"],
                condition=models.Q(lease_until__isnull=False),
                name="delivery_leased",
            ),
            models.Index(fields=["consumer", "-created_at", "-id"], name="delivery_by_consumer"),
            models.Index(fields=["organization", "-created_at", "-id"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} ({self.status})"

    @property
    def webhook_id(self) -> str:
        return f"msg_{self.pk.hex}"

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING

    @property
    def is_example(self) -> bool:
        return self.event_id is None


class Attempt(models.Model):
    """One request to a consumer, and what came of it; only ever appended."""

    class Outcome(models.TextChoices):
        OK = "ok", pgettext_lazy("attempt", "Taken")
        REFUSED = "refused", pgettext_lazy("attempt", "Answered with an error")
        REDIRECTED = (
            "redirected",
            pgettext_lazy("attempt", "Answered with a redirect, which is not followed"),
        )
        TIMED_OUT = "timed_out", pgettext_lazy("attempt", "No answer in time")
        UNREACHABLE = "unreachable", pgettext_lazy("attempt", "Could not be reached")
        NOT_ALLOWED = "not_allowed", pgettext_lazy("attempt", "The address is not allowed")
        BROKEN = "broken", pgettext_lazy("attempt", "The answer was no HTTP")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    delivery = models.ForeignKey(
        Delivery, on_delete=models.DB_CASCADE, related_name="log", db_index=False
    )
    #: Repeated for the activity of one consumer.
    consumer_id = models.UUIDField()
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    #: Nothing where no answer came.
    status_code = models.PositiveSmallIntegerField(null=True)
    #: What happened, in words.
    message = models.CharField(max_length=400, blank=True, default="")
    milliseconds = models.PositiveIntegerField()
    #: What was sent, without the values of custom headers.
    request_headers = models.JSONField(default=dict)
    #: The first kilobyte of it.
    answer = models.TextField(blank=True, default="")

    objects = TenantQuerySet["Attempt"].as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="delivery", name="deliveryattempt_same_organization"),
            RowLevelSecurity(name="deliveryattempt_isolation", grants=("SELECT", "INSERT")),
        ]
        indexes = [
            models.Index(fields=["delivery", "number"], name="deliveryattempt_by_delivery"),
            models.Index(fields=["consumer_id", "-at"], name="deliveryattempt_by_consumer"),
            models.Index(fields=["organization", "-at"], name="deliveryattempt_newest"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome}"

    @property
    def is_ok(self) -> bool:
        return self.outcome == self.Outcome.OK
