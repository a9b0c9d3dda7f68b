"""Where pulled records live.

These tables are written by COPY and set-based SQL (`sync.publishing`), never row by row. They
carry no foreign keys: a check per row would cost more than the row. Deleting a connection deletes
its records in the same transaction.
"""

from datetime import datetime
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models

from companies.models import Organization, TenantQuerySet
from companies.rls import RowLevelSecurity


class RecordQuerySet(TenantQuerySet["Record"]):
    def of(self, connection_id: UUID, data_type: str) -> "RecordQuerySet":
        return self.filter(connection_id=connection_id, data_type=data_type)


class _Row(models.Model):
    """What a record is in all three tables: one of a pull, with an id from the source."""

    source_id = models.CharField(max_length=200)
    #: The pull that brought this version.
    pull_id = models.UUIDField()
    organization = models.ForeignKey(
        Organization,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )

    class Meta:
        abstract = True


class _Stored(_Row):
    """A published version of a record."""

    connection_id = models.UUIDField()
    data_type = models.CharField(max_length=60)
    #: blake2b-16 of the body: tells changed from unchanged without reading bodies.
    hash = models.BinaryField()
    body = models.TextField()
    #: When our copy last changed: the moment its pull was published.
    modified_at = models.DateTimeField()

    class Meta:
        abstract = True


class _Listed(models.Model):
    """The newest a pull knows of a record, with typed columns for what lists show."""

    is_deleted = models.BooleanField(default=False)
    source_modified_at = models.DateTimeField(null=True)

    label = models.CharField(max_length=200, default="")
    party = models.CharField(max_length=200, default="")
    dated_on = models.DateField(null=True)
    amount = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    currency = models.CharField(max_length=10, default="")
    due_on = models.DateField(null=True)
    #: What is still to be paid of it, or to be used of a credit.
    outstanding = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    record_status = models.CharField(max_length=20, default="")

    class Meta:
        abstract = True


class Record(_Stored, _Listed):
    """The newest canonical JSON of one record, with typed columns for what lists show.

    Deleted at the source means flagged here, with the last known body kept.
    """

    pk = models.CompositePrimaryKey("connection_id", "data_type", "source_id")

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints = [RowLevelSecurity(name="record_isolation")]
        indexes = [
            models.Index(
                fields=["connection_id", "data_type", "-dated_on", "source_id"],
                name="record_by_date",
            ),
            # Of the data types that fall due, with the few that have no date for it.
            models.Index(
                fields=["connection_id", "data_type", "-due_on", "source_id"],
                condition=models.Q(data_type__in=["invoices", "bills"]),
                name="record_by_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.data_type} {self.source_id}"


class RecordVersion(_Stored, _Listed):
    """What a record was before a later pull changed it: any past pull can be read again."""

    id = models.BigAutoField(primary_key=True)
    superseded_at = models.DateTimeField()
    superseded_by = models.UUIDField()

    objects = TenantQuerySet["RecordVersion"].as_manager()

    class Meta:
        constraints = [RowLevelSecurity(name="recordversion_isolation")]
        indexes = [
            models.Index(
                fields=["connection_id", "data_type", "source_id", "-superseded_at"],
                name="recordversion_by_record",
            ),
            # What was changed since a moment: the fewer, the nearer the moment.
            models.Index(
                fields=["connection_id", "data_type", "superseded_at"],
                name="recordversion_by_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.data_type} {self.source_id} until {self.superseded_at:%Y-%m-%d %H:%M}"


class RecordStateQuerySet(TenantQuerySet["RecordState"]):
    def of(self, connection_id: UUID, data_type: str) -> "RecordStateQuerySet":
        return self.filter(connection_id=connection_id, data_type=data_type)

    def at(self, moment: datetime) -> "RecordStateQuerySet":
        """Select of each record the one state it was in; none of those that came later."""
        return self.filter(modified_at__lte=moment, superseded_at__gt=moment)


class RecordState(_Stored, _Listed):
    """A record from one change to the next: the newest states and the versions in one view.

    A record's states follow one another without a gap, so at any moment it is in one of them, or
    not there yet. The view is PostgreSQL's, and shows an asker what the two tables would; it
    has to be made anew by a migration that adds a column to both.
    """

    #: Unique at any one moment.
    pk = models.CompositePrimaryKey("connection_id", "data_type", "source_id")
    #: Of the newest state the last day of the year 9999, for which nobody can ask: one comparison
    #: is a range of an index where "later, or never" is none.
    superseded_at = models.DateTimeField()

    objects = RecordStateQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "sync_recordstate"

    def __str__(self) -> str:
        return f"{self.data_type} {self.source_id} from {self.modified_at:%Y-%m-%d %H:%M}"


class StagedPage(models.Model):
    """A page that was fetched, and what it held that the store has just like that.

    This table and `StagedRecord` are unlogged: what lies in them for some seconds is not written
    twice. A crash of the database empties both, and a pull whose pages are no longer as many as it
    has counted begins again.
    """

    pk = models.CompositePrimaryKey("pull_id", "number")
    pull_id = models.UUIDField()
    number = models.PositiveIntegerField()
    #: Ids of records.
    unchanged = ArrayField(models.CharField(max_length=200))
    organization = models.ForeignKey(
        Organization,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )

    objects = TenantQuerySet["StagedPage"].as_manager()

    class Meta:
        constraints = [RowLevelSecurity(name="stagedpage_isolation")]

    def __str__(self) -> str:
        return f"page {self.number} of {self.pull_id}"


class StagedRecord(_Row, _Listed):
    """What a fetched page tells that the store has not, until its pull is published as a whole."""

    id = models.BigAutoField(primary_key=True)
    #: Of several states of a record the one on the latest page counts.
    page = models.PositiveIntegerField(default=1, db_default=1)
    #: Whether the store has another state of it, be it flagged as deleted.
    is_known = models.BooleanField(default=False, db_default=True)
    hash = models.BinaryField(null=True)
    body = models.TextField(null=True)  # noqa: DJ001 - of what is deleted there is none

    objects = TenantQuerySet["StagedRecord"].as_manager()

    class Meta:
        constraints = [RowLevelSecurity(name="stagedrecord_isolation")]
        indexes = [models.Index(fields=["pull_id"], name="stagedrecord_of_pull")]

    def __str__(self) -> str:
        return f"{self.source_id} of {self.pull_id}"
