from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from companies.models import Company, Event, Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity, SameOrganization

MOST_RULES = 50
MOST_ADDRESSES = 10


class AlertKind(models.TextChoices):
    """What an e-mail can be sent about."""

    CONNECTION_STATUS = "connection_status", _("Connection status changed")
    LINKING_FAILED = "linking_failed", _("A customer could not link")
    COMPANY_SYNCHRONIZED = "company_synchronized", _("New company synchronized")
    READ_COMPLETED = "read_completed", _("Data pulled")
    READ_FAILED = "read_failed", _("A pull failed")


class AlertRule(models.Model):
    """Whom to write an e-mail when something happens to a company, or to any of them."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    kind = models.CharField(max_length=40, choices=AlertKind)
    #: None means every company.
    company = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.DB_CASCADE, related_name="+"
    )
    emails = ArrayField(models.EmailField())
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DB_SET_NULL, related_name="+"
    )

    objects = TenantQuerySet["AlertRule"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="rule_in_organization"),
            models.CheckConstraint(
                condition=models.Q(emails__len__gte=1), name="rule_has_addresses"
            ),
            SameOrganization(field="company", name="rule_same_organization"),
            RowLevelSecurity(name="rule_isolation"),
        ]
        indexes = [models.Index(fields=["organization", "created_at", "id"], name="rule_by_age")]

    def __str__(self) -> str:
        return self.get_kind_display()


class AlertEmail(models.Model):
    """One e-mail about one event to one address, however many rules name it."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("e-mail", "Waiting")
        SENT = "sent", pgettext_lazy("e-mail", "Sent")
        FAILED = "failed", pgettext_lazy("e-mail", "Refused by the mail server")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    kind = models.CharField(max_length=40, choices=AlertKind)
    email = models.EmailField()
    status = models.CharField(max_length=20, choices=Status, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    #: When it may be tried; whoever sends it moves this on first, so that nobody else does.
    not_before = models.DateTimeField(null=True, db_default=Now())
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True)

    objects = TenantQuerySet["AlertEmail"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "email"], name="alert_once"),
            RowLevelSecurity(
                name="alert_isolation", system_reads=("id", "organization_id", "not_before")
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=models.Q(not_before__isnull=False),
                name="alert_waiting",
            ),
            models.Index(fields=["organization", "-created_at", "-id"], name="alert_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.email}"
