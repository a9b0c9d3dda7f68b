from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    #: Records are many: nobody waits while they are indexed.
    atomic = False

    dependencies = [
        ("sync", "0006_fill_record_states"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="record",
            index=models.Index(
                condition=models.Q(("data_type__in", ["invoices", "bills"])),
                fields=["connection_id", "data_type", "-due_on", "source_id"],
                name="record_by_due",
            ),
        ),
        AddIndexConcurrently(
            model_name="recordversion",
            index=models.Index(
                fields=["connection_id", "data_type", "superseded_at"],
                name="recordversion_by_moment",
            ),
        ),
    ]
