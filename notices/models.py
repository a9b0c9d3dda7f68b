from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from companies.models import Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity


class Notice(models.Model):
    """An e-mail about failures that left for one person, so that nobody gets it twice.

    The row is committed before the e-mail leaves, and taken back when the mail server refuses it.
    """

    class Kind(models.TextChoices):
        DEAUTHORIZED = "deauthorized", "Connection deauthorized"
        LAPSING = "lapsing", "Authorization about to end"
        DIGEST = "digest", "Daily digest of failures"
        WEBHOOK_DISABLED = "webhook_disabled", "Webhook consumer disabled"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.DB_CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    #: What it tells of: the connection and when it was lost, or the reader's day.
    about = models.CharField(max_length=100)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TenantQuerySet["Notice"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user", "kind", "about"], name="notice_once"
            ),
            RowLevelSecurity(name="notice_isolation", grants=("SELECT", "INSERT", "DELETE")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user}"
