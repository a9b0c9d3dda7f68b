from datetime import timedelta
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from companies.models import Company, Organization, TenantQuerySet
from companies.rls import RowLevelSecurity, SameOrganization
from connections.models import Connection


class Frequency(models.TextChoices):
    """How long after the last success the next pull is due. A month is a calendar month."""

    NONE = "none", pgettext_lazy("frequency", "None")
    HOURLY = "hourly", pgettext_lazy("frequency", "Hourly")
    DAILY = "daily", pgettext_lazy("frequency", "Daily")
    WEEKLY = "weekly", pgettext_lazy("frequency", "Weekly")
    MONTHLY = "monthly", pgettext_lazy("frequency", "Monthly")

    @property
    def interval(self) -> timedelta | None:
        """A fixed length, or None for none and for calendar months."""
        return {
            "hourly": timedelta(hours=1),
            "daily": timedelta(days=1),
            "weekly": timedelta(weeks=1),
        }.get(self.value)


class SyncSetting(models.Model):
    """How one data type is pulled: for the whole organization, or for one company instead."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.DB_CASCADE, related_name="sync_settings"
    )
    data_type = models.CharField(max_length=60)
    fetch_on_first_link = models.BooleanField(default=True)
    frequency = models.CharField(max_length=10, choices=Frequency, default=Frequency.NONE)

    objects = TenantQuerySet["SyncSetting"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "company", "data_type"],
                nulls_distinct=False,
                name="syncsetting_once_per_data_type",
            ),
            SameOrganization(field="company", name="syncsetting_same_organization"),
            RowLevelSecurity(name="syncsetting_isolation"),
        ]

    def __str__(self) -> str:
        return f"{self.data_type} {self.frequency}"


class DataStatusQuerySet(TenantQuerySet["DataStatus"]):
    def due(self) -> "DataStatusQuerySet":
        """By the database's clock; only linked connections are scheduled."""
        return self.filter(
            next_due_at__lte=Now(), connection__status=Connection.Status.LINKED
        ).order_by("next_due_at", "id")


class DataStatus(models.Model):
    """Where one data type of one connection stands, and when it is due again."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.DB_CASCADE, related_name="data_statuses"
    )
    data_type = models.CharField(max_length=60)
    frequency = models.CharField(max_length=10, choices=Frequency, default=Frequency.NONE)
    last_success_at = models.DateTimeField(null=True)
    latest_pull_id = models.UUIDField(null=True)
    latest_success_pull_id = models.UUIDField(null=True)
    latest_status = models.CharField(max_length=20, blank=True, default="")
    #: The platform's mark of the last published pull: where the next incremental one starts.
    watermark = models.TextField(blank=True, default="")
    #: Incremental pulls published since the last full one: now and then everything is compared.
    incrementals = models.PositiveSmallIntegerField(default=0)
    #: Since the last success, for the back-off inside the slot.
    failures = models.PositiveSmallIntegerField(default=0)
    next_due_at = models.DateTimeField(null=True)
    #: Records in the store that are not flagged deleted.
    record_count = models.PositiveIntegerField(default=0)

    objects = DataStatusQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("data statuses")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "data_type"], name="datastatus_once_per_data_type"
            ),
            SameOrganization(field="connection", name="datastatus_same_organization"),
            RowLevelSecurity(name="datastatus_isolation", system_reads=True),
        ]
        indexes = [
            models.Index(
                fields=["next_due_at"],
                condition=models.Q(next_due_at__isnull=False),
                name="datastatus_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.data_type} due {self.next_due_at}"
