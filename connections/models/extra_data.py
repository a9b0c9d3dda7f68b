from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from companies.models import Organization, TenantQuerySet
from companies.rls import RowLevelSecurity


class SupplementalConfiguration(models.Model):
    """What an organization wants of a platform's records of one data type besides ours."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    platform = models.CharField(max_length=40)
    data_type = models.CharField(max_length=60)
    #: By the organization's names the objects, as the public API writes them.
    sources = models.JSONField()
    changed_at = models.DateTimeField(db_default=Now())

    objects = TenantQuerySet["SupplementalConfiguration"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "platform", "data_type"],
                name="supplemental_once_per_data_type",
            ),
            RowLevelSecurity(name="supplemental_isolation"),
        ]

    def __str__(self) -> str:
        return f"{self.data_type} of {self.platform}"


class CustomDataType(models.Model):
    """A kind of data that an organization reads from a platform beside the standard ones."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    platform = models.CharField(max_length=40)
    #: Never changes: data types of pulls and records are made of it.
    identifier = models.CharField(max_length=50)
    #: A path below the platform's API, with its query.
    data_source = models.CharField(max_length=500)
    #: Paths into the platform's rows, by the organization's names.
    required_data = models.JSONField(default=dict)
    #: Paths to what together tells one row from another.
    key_by = models.JSONField(default=list)
    #: Paths to when a row changed there.
    source_modified_date = models.JSONField(default=list)
    changed_at = models.DateTimeField(db_default=Now())

    objects = TenantQuerySet["CustomDataType"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "platform", "identifier"],
                name="customdatatype_once_per_identifier",
            ),
            RowLevelSecurity(name="customdatatype_isolation"),
        ]

    def __str__(self) -> str:
        return f"{self.identifier} of {self.platform}"
