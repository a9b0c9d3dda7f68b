from django.db import migrations

from companies.partitioning import PartitionByMonth


class Migration(migrations.Migration):
    #: Both are many: nobody waits while they are looked at.
    atomic = False

    dependencies = [
        ("webhooks", "0002_events_in_parts"),
    ]

    operations = [
        PartitionByMonth("webhooks_attempt", "at"),
        # Here, since nothing may refer to it any more, and 0002 was the last that did.
        PartitionByMonth("companies_event", "occurred_at"),
    ]
