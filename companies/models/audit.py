from enum import StrEnum
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy

from companies.models.actor import told
from companies.models.organization import Organization, TenantQuerySet
from companies.models.user import User
from companies.rls import RowLevelSecurity


class AuditKind(StrEnum):
    """What was changed; new kinds are added here and need no migration."""

    ALERT_RULE = "alert_rule"
    API_KEY = "api_key"
    API_SETTINGS = "api_settings"
    DATA_TYPES = "data_types"
    INTEGRATION = "integration"
    INVITATION = "invitation"
    LINK_SETTINGS = "link_settings"
    MEMBER = "member"
    ORGANIZATION = "organization"
    SUPPORT = "support"
    WEBHOOK = "webhook"

    @property
    def label(self) -> str:
        return str(_KIND_LABELS[self])


_KIND_LABELS = {
    AuditKind.ALERT_RULE: pgettext_lazy("what was changed", "Alert rule"),
    AuditKind.API_KEY: pgettext_lazy("what was changed", "API key"),
    AuditKind.API_SETTINGS: pgettext_lazy("what was changed", "API settings"),
    AuditKind.DATA_TYPES: pgettext_lazy("what was changed", "Data types"),
    AuditKind.INTEGRATION: pgettext_lazy("what was changed", "Integration"),
    AuditKind.INVITATION: pgettext_lazy("what was changed", "Invitation"),
    AuditKind.LINK_SETTINGS: pgettext_lazy("what was changed", "Link settings"),
    AuditKind.MEMBER: pgettext_lazy("what was changed", "Member"),
    AuditKind.ORGANIZATION: pgettext_lazy("what was changed", "Organization"),
    AuditKind.SUPPORT: pgettext_lazy("what was changed", "Support"),
    AuditKind.WEBHOOK: pgettext_lazy("what was changed", "Webhook"),
}


class AuditEntry(models.Model):
    """A change of settings: who made it, and what was there before and after. Never changed.

    Apart from Event, which tells what happened to a company and its connections and is the outbox
    of webhooks: what is written here stays within the organization's own administration.
    """

    class ActorKind(models.TextChoices):
        MEMBER = "member", "Member"
        API_KEY = "api_key", pgettext_lazy("actor", "API key")
        SYSTEM = "system", "Ledgerport"
        SUPPORT = "support", pgettext_lazy("actor", "Support")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.DB_CASCADE, related_name="audit_entries"
    )
    at = models.DateTimeField(db_default=Now(), editable=False)
    actor_kind = models.CharField(max_length=20, choices=ActorKind)
    actor = models.ForeignKey(User, null=True, on_delete=models.DB_SET_NULL, related_name="+")
    #: As it was then: people are renamed, and leave; keys are revoked.
    actor_name = models.CharField(max_length=254)
    #: The API key that a program came with.
    actor_key_id = models.UUIDField(null=True)
    #: A verb in the past: "changed", "invited". Marked for translation where it is given.
    action = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64, blank=True, default="")
    #: What people call the object.
    label = models.CharField(max_length=200)
    #: The members that differ; null where there was nothing before, or is nothing after.
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    #: Its place among its organization's, and what all that is said above comes to together with
    #: the hash before. The database writes both as it commits.
    sequence = models.BigIntegerField(null=True, editable=False)
    hash = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)

    objects = TenantQuerySet["AuditEntry"].as_manager()

    class Meta:
        constraints = [
            RowLevelSecurity(name="audit_isolation", grants=("SELECT", "INSERT")),
            models.UniqueConstraint(
                fields=["organization", "sequence"], name="audit_one_in_each_place"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-at", "-id"], name="audit_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.action} {self.label}"

    @property
    def who(self) -> str:
        """As they were called then."""
        return told(None, self.actor_name, self.actor_key_id)

    @property
    def kind_label(self) -> str:
        return AuditKind(self.kind).label if self.kind in set(AuditKind) else self.kind

    @property
    def changes(self) -> list[tuple[str, object, object]]:
        """Give each member that differs with its value before and after."""
        before, after = self.before or {}, self.after or {}
        names = dict.fromkeys([*before, *after])
        return [(name, before.get(name), after.get(name)) for name in names]
