from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from companies.models import Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity


class Integration(models.Model):
    """An organization's registration at one platform, and whether its customers may link it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    platform = models.CharField(max_length=40)
    is_enabled = models.BooleanField(default=False)
    client_id = models.CharField(max_length=200, blank=True, default="")
    #: Encrypted; see `connections.integrations`.
    client_secret = models.BinaryField(null=True)
    #: Asked for instead of the adapter's own, separated by spaces.
    scopes = models.TextField(blank=True, default="")
    environment = models.CharField(max_length=20, default="production")
    #: When the platform was last asked whether it knows the registration, and why it did not.
    checked_at = models.DateTimeField(null=True)
    check_message = models.CharField(max_length=400, blank=True, default="")
    changed_at = models.DateTimeField(db_default=Now())
    changed_by = models.ForeignKey(User, null=True, on_delete=models.DB_SET_NULL, related_name="+")

    objects = TenantQuerySet["Integration"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "platform"], name="integration_one_per_platform"
            ),
            RowLevelSecurity(name="integration_isolation"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} ({'on' if self.is_enabled else 'off'})"
