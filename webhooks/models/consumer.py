from collections.abc import Mapping
from typing import Self
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from companies.models import Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity

MOST_CONSUMERS = 50
MOST_TAGS = 10
TAG_LENGTH = 128
MOST_HEADERS = 20
HIGHEST_RATE = 1000


class DisabledBy(models.TextChoices):
    MEMBER = "member", _("Switched off by a member")
    FAILURES = "failures", _("Every attempt failed for five days")
    GONE = "gone", _("The endpoint answered 410 Gone")
    IMPORTED = "imported", _("Imported without its secrets: give the endpoint the new one")


class WebhookConsumerQuerySet(TenantQuerySet["WebhookConsumer"]):
    def enabled(self) -> Self:
        return self.filter(disabled_at=None)

    def oldest_first(self) -> Self:
        return self.order_by("created_at", "id")


class WebhookConsumer(models.Model):
    """An endpoint of the organization's own that is told of events, as signed messages."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, blank=True, default="")
    event_types = ArrayField(models.CharField(max_length=60))
    #: `key:value`; an event of a company with any of them is told. Without tags every one is.
    company_tags = ArrayField(models.CharField(max_length=TAG_LENGTH), default=list, blank=True)
    #: Messages in a second; nothing means as fast as they are taken.
    rate_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    #: Names and values of headers of the organization's own, sealed (see webhooks.sealing).
    sealed_headers = models.BinaryField(default=b"", blank=True)
    header_names = ArrayField(models.CharField(max_length=100), default=list, blank=True)

    sealed_secret = models.BinaryField()
    #: Signs too until then, so that the receiver can change over without losing a message.
    sealed_previous_secret = models.BinaryField(null=True, blank=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True)

    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_by = models.CharField(max_length=20, choices=DisabledBy, blank=True, default="")
    #: Since when every attempt failed; one success clears it.
    failing_since = models.DateTimeField(null=True, blank=True)
    #: No message leaves before: the rate limit, or what the endpoint asked for.
    not_before = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DB_SET_NULL, related_name="+"
    )

    objects = WebhookConsumerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="consumer_in_organization"),
            models.CheckConstraint(
                condition=models.Q(event_types__len__gte=1), name="consumer_has_event_types"
            ),
            # The relay looks across organizations for whose turn it is, and for nothing else.
            RowLevelSecurity(
                name="consumer_isolation",
                system_reads=(
                    "id",
                    "organization_id",
                    "disabled_at",
                    "disabled_by",
                    "not_before",
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "created_at", "id"], name="consumer_by_age"),
        ]

    def __str__(self) -> str:
        return self.description or self.url

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None

    def wants(self, event_type: str, tags: Mapping[str, str] | None) -> bool:
        """Tell whether it subscribed to this; events of no company have no tags to match."""
        if event_type not in self.event_types:
            return False
        if not self.company_tags or tags is None:
            return True
        return any(f"{key}:{value}" in self.company_tags for key, value in tags.items())
