from django.db import models
from django.db.models.functions import Now

from companies.models.organization import Organization, TenantQuerySet
from companies.rls import RowLevelSecurity


class Pruning(models.Model):
    """How the last pruning went for an organization: what of it was past its time, and went.

    Each has its own, so that nobody sees how much there is of others.
    """

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.DB_CASCADE, related_name="+"
    )
    started_at = models.DateTimeField(db_default=Now())
    #: None while it is under way, and when it was interrupted: then the next one begins here.
    ended_at = models.DateTimeField(null=True)
    #: [{"kind": "pulls", "rows": 120, "months": 0, "seconds": 0.4}]; rows are those that went one
    #: by one, months are those that went whole, of everybody.
    outcome = models.JSONField(default=list)

    objects = TenantQuerySet["Pruning"].as_manager()

    class Meta:
        constraints = [
            # Whose turn it is depends on when it was last.
            RowLevelSecurity(
                name="pruning_isolation", system_reads=("organization_id", "started_at", "ended_at")
            ),
        ]

    def __str__(self) -> str:
        return f"pruning of {self.organization_id}"
