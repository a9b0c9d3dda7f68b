from django.db import models

from companies.models import Organization, TenantQuerySet
from companies.rls import RowLevelSecurity, SameOrganization
from connections.models.connection import Connection


class StoredCredentials(models.Model):
    """A connection's tokens, encrypted, in a table of their own.

    The refresh lease is taken here so that a slow refresh never blocks the connection's row. The
    previous refresh token is kept: when a platform's answer was lost it is still good for a while.
    """

    connection = models.OneToOneField(
        Connection, primary_key=True, on_delete=models.DB_CASCADE, related_name="credentials"
    )
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    access_token = models.BinaryField()
    refresh_token = models.BinaryField()
    previous_refresh_token = models.BinaryField(null=True)
    #: What else leads to the books (a tenant, an address) as JSON; empty when nothing does.
    parameters = models.BinaryField(default=b"")
    scope = models.CharField(max_length=400, blank=True, default="")
    #: Nothing for keys that stay good until somebody withdraws them.
    expires_at = models.DateTimeField(null=True)
    refresh_expires_at = models.DateTimeField(null=True)
    #: Grows with every refresh: a racer who finds another number uses what is there.
    version = models.PositiveIntegerField(default=1)
    refreshed_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=64, blank=True, default="")
    #: Which end of the authorization was warned of, and how many days before it.
    warned_of = models.DateTimeField(null=True)
    warned_days = models.PositiveSmallIntegerField(null=True)
    #: Set before the platform is asked, cleared with the answer: found set, an answer was lost.
    intent_at = models.DateTimeField(null=True)

    objects = TenantQuerySet["StoredCredentials"].as_manager()

    class Meta:
        constraints = [
            SameOrganization(field="connection", name="credentials_same_organization"),
            RowLevelSecurity(name="credentials_isolation"),
        ]

    def __str__(self) -> str:
        return f"credentials, version {self.version}"
