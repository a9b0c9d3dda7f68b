from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy

from companies.models import Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity


class UnknownFieldQuerySet(TenantQuerySet["UnknownField"]):
    def of(self, platform: str, data_type: str) -> "UnknownFieldQuerySet":
        return self.filter(platform=platform, data_type=data_type)

    def unacknowledged(self) -> "UnknownFieldQuerySet":
        return self.filter(acknowledged_at=None)


class UnknownField(models.Model):
    """A field that a platform sends and its adapter does not know; never what is in it.

    Names that a platform makes up end somewhere: so many are kept of one data type.
    """

    class JsonType(models.TextChoices):
        ARRAY = "array", pgettext_lazy("JSON", "list")
        BOOLEAN = "boolean", pgettext_lazy("JSON", "yes or no")
        NULL = "null", pgettext_lazy("JSON", "empty")
        NUMBER = "number", pgettext_lazy("JSON", "number")
        OBJECT = "object", pgettext_lazy("JSON", "object")
        TEXT = "text", pgettext_lazy("JSON", "text")

    KEPT: ClassVar[int] = 200

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.DB_CASCADE, related_name="+", db_index=False
    )
    platform = models.CharField(max_length=40)
    data_type = models.CharField(max_length=60)
    #: Where it lies in a record of the platform's, as `lines.colour`.
    path = models.CharField(max_length=200)
    #: Of the example that came first.
    json_type = models.CharField(max_length=10, choices=JsonType)
    first_seen_at = models.DateTimeField(db_default=Now(), editable=False)
    #: To the day: a field that every record has is not written down with every page.
    last_seen_on = models.DateField()
    # Where it was seen first; these may be gone by now.
    company_id = models.UUIDField()
    connection_id = models.UUIDField()
    pull_id = models.UUIDField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, null=True, on_delete=models.DB_SET_NULL, related_name="+", db_index=False
    )

    objects = UnknownFieldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "platform", "data_type", "path"], name="unknownfield_once"
            ),
            RowLevelSecurity(name="unknownfield_isolation"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.data_type}: {self.path}"
