from datetime import datetime
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from companies.models import Company, Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity, SameOrganization


class UploadedFileQuerySet(TenantQuerySet["UploadedFile"]):
    def newest_first(self) -> "UploadedFileQuerySet":
        return self.order_by("-uploaded_at", "name", "id")

    def uploaded_between(self, start: datetime, end: datetime) -> "UploadedFileQuerySet":
        return self.filter(uploaded_at__gte=start, uploaded_at__lt=end)

    def downloadable(self) -> "UploadedFileQuerySet":
        return self.filter(scan__in=UploadedFile.RELEASED)

    def due_for_scan(self) -> "UploadedFileQuerySet":
        return self.filter(scan_due_at__lte=Now())


class UploadedFile(models.Model):
    """A document somebody uploaded for a company; what is in it lies in the storage `files`."""

    class Source(models.TextChoices):
        PORTAL = "portal", "Portal"
        LINK = "link", "Link"
        API = "api", "API"

    class Scan(models.TextChoices):
        """What the operator's virus scanner said; every word but two keeps the file locked."""

        OFF = "off", "Not scanned"
        WAITING = "waiting", "Being scanned"
        CLEAN = "clean", "Clean"
        INFECTED = "infected", "Infected"
        FAILED = "failed", "Scan failed"

    RELEASED = (Scan.OFF, Scan.CLEAN)

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.DB_CASCADE, related_name="files")
    #: The files that were sent together.
    upload_id = models.UUIDField()
    #: As it was given, without what could harm; nothing on disk is called so.
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    #: Told from the content, never from what the sender claimed.
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=10, choices=Source)
    uploaded_at = models.DateTimeField(db_default=Now(), editable=False)
    uploaded_by = models.ForeignKey(User, null=True, on_delete=models.DB_SET_NULL, related_name="+")
    scan = models.CharField(max_length=10, choices=Scan, default=Scan.OFF)
    #: When it is scanned (again) at the latest; a scanner at work moves it into the future.
    scan_due_at = models.DateTimeField(null=True)

    objects = UploadedFileQuerySet.as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="company", name="uploadedfile_same_organization"),
            RowLevelSecurity(name="uploadedfile_isolation", system_reads=True),
        ]
        indexes = [
            models.Index(
                fields=["company", "-uploaded_at", "name", "id"], name="uploadedfile_by_company"
            ),
            models.Index(
                fields=["scan_due_at"],
                condition=models.Q(scan_due_at__isnull=False),
                name="uploadedfile_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """Where it lies in the storage: nothing of it comes from whoever uploaded."""
        return f"{self.organization_id}/{self.company_id}/{self.pk}"

    @property
    def is_downloadable(self) -> bool:
        return self.scan in self.RELEASED

    @property
    def kind(self) -> str:
        return self.name.rpartition(".")[2].upper()
