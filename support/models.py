from datetime import timedelta
from uuid import uuid4

from django.db import models
from django.db.models.functions import Length, Now, Trim
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone

from companies.models import Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity

LONGEST = timedelta(hours=8)
#: A word is no reason: the organization reads it in its audit log.
SHORTEST_REASON = 10


class SupportGrantQuerySet(TenantQuerySet["SupportGrant"]):
    def in_force(self) -> "SupportGrantQuerySet":
        """By the database's clock."""
        return self.filter(ended_at=None, expires_at__gt=Now())


class SupportGrant(models.Model):
    """Leave for one of the operator's staff to look into one organization, for a while.

    A person has at most one that has not ended, so it is never in doubt whose rows they see.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.DB_CASCADE, related_name="+")
    reason = models.CharField(max_length=200)
    granted_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    #: When it was given back, or replaced by another one.
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SupportGrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(ended_at=None),
                name="supportgrant_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=GreaterThanOrEqual(Length(Trim("reason")), SHORTEST_REASON),
                name="supportgrant_has_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    expires_at__gt=models.F("granted_at"),
                    expires_at__lte=models.F("granted_at") + LONGEST,
                ),
                name="supportgrant_is_short",
            ),
            RowLevelSecurity(
                name="supportgrant_isolation",
                using="organization_id = {organization} OR user_id = {user}",
                grants=("SELECT", "INSERT", "UPDATE"),
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-granted_at", "-id"], name="supportgrant_newest_first"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, until {self.expires_at:%Y-%m-%d %H:%M}"

    @property
    def is_in_force(self) -> bool:
        return self.ended_at is None and self.expires_at > timezone.now()
