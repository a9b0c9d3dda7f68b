from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from companies.models import Company, Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity, SameOrganization
from connections.models.connection import Connection


class LinkUrl(models.Model):
    """A URL the customer opens to authorize: for a company, or for one of its connections.

    The database holds no token: it is derived from the id with a key outside the database, so
    it can be shown again at any time, but not read from a stolen table. See `connections.links`.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.DB_CASCADE, related_name="link_urls")
    connection = models.ForeignKey(
        Connection, null=True, blank=True, on_delete=models.DB_CASCADE, related_name="link_urls"
    )
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DB_SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["LinkUrl"].as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="company", name="linkurl_same_organization"),
            RowLevelSecurity(name="linkurl_isolation", system_reads=True),
            models.UniqueConstraint(
                fields=["company", "connection"],
                condition=models.Q(revoked_at=None),
                nulls_distinct=False,
                name="linkurl_one_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"Link URL for {self.company_id}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def is_in_force(self) -> bool:
        return self.revoked_at is None and not self.is_expired


class OneTimeCode(models.Model):
    """What opens a Link URL once, in one browser, where the organization wants it so.

    Only a digest is kept: the code stands in the address that was handed out, and nowhere else.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.DB_CASCADE, related_name="+")
    link_url = models.ForeignKey(LinkUrl, on_delete=models.DB_CASCADE, related_name="codes")
    code_hash = models.BinaryField(unique=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.DB_SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    #: The browser that used it may go on for a while.
    browser_hash = models.BinaryField(null=True)

    objects = TenantQuerySet["OneTimeCode"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(used_at=None, browser_hash=None)
                | models.Q(used_at__isnull=False, browser_hash__isnull=False),
                name="onetimecode_used_by_a_browser",
            ),
            SameOrganization(field="company", name="onetimecode_same_organization"),
            RowLevelSecurity(name="onetimecode_isolation"),
        ]
        indexes = [
            models.Index(fields=["link_url", "browser_hash"], name="onetimecode_by_browser"),
        ]

    def __str__(self) -> str:
        return f"code for {self.link_url_id}"


class AuthorizationAttempt(models.Model):
    """One trip to a platform's consent page: the OAuth state, bound to browser and connection."""

    class Outcome(models.TextChoices):
        CHOOSING = "choosing", "Choosing"
        LINKED = "linked", "Linked"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"
        DIFFERENT_BUSINESS = "different_business", "Different business"
        ALREADY_CONNECTED = "already_connected", "Already connected"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.DB_CASCADE, related_name="authorization_attempts"
    )
    link_url = models.ForeignKey(LinkUrl, on_delete=models.DB_CASCADE, related_name="+")
    platform = models.CharField(max_length=40)
    state_hash = models.BinaryField(unique=True)
    browser_hash = models.BinaryField()
    code_verifier = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    #: What came of it; empty until the platform has sent the browser back.
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True, default="")
    #: While the customer chooses one of several organizations: what was granted, encrypted, and
    #: the ids and names to choose from. Neither outlives the choice.
    granted = models.BinaryField(null=True)
    organizations = models.JSONField(default=list)

    objects = TenantQuerySet["AuthorizationAttempt"].as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="connection", name="attempt_same_organization"),
            RowLevelSecurity(name="attempt_isolation", system_reads=True),
        ]

    def __str__(self) -> str:
        return f"attempt at {self.platform}"
