from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from companies.models.organization import Organization, TenantQuerySet
from companies.rls import RowLevelSecurity


class RemovedOrganization(models.Model):
    """That an organization was deleted, when and by whom: its own audit log went with it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    #: Names it without leading to it: there is nothing there any more.
    organization = models.ForeignKey(
        Organization, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    name = models.CharField(max_length=120)
    actor_name = models.CharField(max_length=254)
    removed_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TenantQuerySet["RemovedOrganization"].as_manager()

    class Meta:
        constraints = [
            RowLevelSecurity(name="removed_isolation", grants=("SELECT", "INSERT")),
        ]

    def __str__(self) -> str:
        return f"{self.name}, removed at {self.removed_at:%Y-%m-%d %H:%M}"
