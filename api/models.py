from datetime import timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from companies.models import Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity


class Scope(StrEnum):
    """What a key may be used for; a key without any may do nothing."""

    READ = "read"
    WRITE = "write"
    REFRESH = "refresh"
    WEBHOOKS = "webhooks"
    ADMIN = "admin"

    @property
    def meaning(self) -> str:
        return str(_MEANINGS[self])


_MEANINGS = {
    Scope.READ: _("Read companies, connections, pulls and data"),
    Scope.WRITE: _("Add, change and delete companies and connections"),
    Scope.REFRESH: _("Ask for fresh data, cancel pulls"),
    Scope.WEBHOOKS: _("See and change webhook consumers"),
    Scope.ADMIN: _("Change settings and API keys"),
}


class ApiKey(models.Model):
    """What a program shows to act for an organization. Of the key itself only a hash is kept."""

    #: So many an organization may have at once.
    MOST: ClassVar[int] = 10

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    name = models.CharField(max_length=50, blank=True, default="")
    #: SHA-256: the key is 256 random bits, so nothing slower is needed.
    hash = models.BinaryField(unique=True, max_length=32)
    #: The key's last four characters, by which people tell two apart.
    ending = models.CharField(max_length=4)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.DB_SET_NULL, related_name="+", db_index=False
    )
    expires_at = models.DateTimeField(null=True)
    #: To the minute.
    last_used_at = models.DateTimeField(null=True)

    objects = TenantQuerySet["ApiKey"].as_manager()

    class Meta:
        constraints = [
            RowLevelSecurity(
                name="apikey_isolation",
                # Whose key is it? The organization is not known before.
                system_reads=("id", "organization_id", "hash", "scopes", "expires_at"),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "created_at", "id"], name="apikey_by_organization")
        ]

    def __str__(self) -> str:
        return f"{self.name or 'API key'} …{self.ending}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def scope_labels(self) -> list[str]:
        return [scope.value for scope in Scope if scope.value in self.scopes]


class IdempotentRequest(models.Model):
    """The first answer to a request that carried an Idempotency-Key, to be given again.

    Written in the transaction of what the request did: there is never one without the other.
    """

    KEPT_FOR: ClassVar[timedelta] = timedelta(minutes=90)

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    #: SHA-256 of method, path and body; of a form of what was filled in.
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TenantQuerySet["IdempotentRequest"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key"], name="idempotentrequest_once_per_key"
            ),
            RowLevelSecurity(
                name="idempotentrequest_isolation",
                # The clock asks whose answers are too old to be repeated.
                system_reads=("organization_id", "created_at"),
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotentrequest_by_age")]

    def __str__(self) -> str:
        return f"{self.key}: {self.status}"


class ApiSettings(models.Model):
    """How an organization's API behaves."""

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.DB_CASCADE, related_name="+"
    )
    #: Web pages that may call the API from the browser: ["https://app.example.com"].
    allowed_origins = models.JSONField(default=list)
    #: The day whose quota was used up, so that its end can be told too.
    quota_reached_on = models.DateField(null=True)

    objects = TenantQuerySet["ApiSettings"].as_manager()

    class Meta:
        verbose_name_plural = "API settings"
        constraints = [
            # A browser's preflight carries no key; the clock looks for quotas that start anew.
            RowLevelSecurity(name="apisettings_isolation", system_reads=True),
        ]

    def __str__(self) -> str:
        return f"API settings of {self.organization_id}"
