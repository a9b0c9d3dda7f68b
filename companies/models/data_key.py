from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from companies.models.organization import Organization, TenantQuerySet
from companies.rls import RowLevelSecurity


class StoredDataKey(models.Model):
    """A key that seals an organization's secrets, itself wrapped by the operator's ring.

    One is current. Retired ones stay while anything is sealed with them. See `companies.data_keys`.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    retired_at = models.DateTimeField(null=True)

    objects = TenantQuerySet["StoredDataKey"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(retired_at=None),
                name="datakey_one_current",
            ),
            RowLevelSecurity(name="datakey_isolation"),
        ]

    def __str__(self) -> str:
        return f"data key {self.pk}"
