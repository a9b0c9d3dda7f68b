from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from companies.models.organization import Organization, TenantQuerySet
from companies.models.user import User
from companies.rls import RowLevelSecurity
from companies.roles import Role


class Invitation(models.Model):
    """Somebody who was asked to join and has not answered; gone once they have."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.DB_CASCADE, related_name="invitations"
    )
    #: In lower case.
    email = models.EmailField()
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.DB_SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    #: When the mail server last took the e-mail; null where it has not.
    sent_at = models.DateTimeField(null=True)

    objects = TenantQuerySet["Invitation"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "email"], name="invitation_once"),
            RowLevelSecurity(name="invitation_isolation"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.email})"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()
