from django.db import models
from django.db.models.functions import Now

from companies.models.event import Event
from companies.models.organization import Organization, TenantQuerySet
from companies.rls import RowLevelSecurity


class OutboxEntry(models.Model):
    """An event that nobody outside was told of yet; written with the event.

    The relay (see `webhooks.relay`) takes the row away in the transaction that notes whom the event
    goes to. It stands apart because an event itself is never changed.
    """

    #: No foreign key can refer to a table of parts. An event that waits is not forgotten.
    event = models.OneToOneField(
        Event,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        primary_key=True,
        related_name="+",
    )
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TenantQuerySet["OutboxEntry"].as_manager()

    class Meta:
        verbose_name_plural = "outbox entries"
        constraints = [
            # UPDATE is what PostgreSQL asks of whoever locks a row.
            RowLevelSecurity(name="outbox_isolation", system_reads=True),
        ]

    def __str__(self) -> str:
        return f"event {self.event_id} waits"
