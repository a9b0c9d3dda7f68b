from django.db import migrations

from companies.partitioning import PartitionByMonth


class Migration(migrations.Migration):
    #: Requests are many: nobody waits while they are looked at.
    atomic = False

    dependencies = [
        ("sync", "0014_pull_trace"),
    ]

    operations = [
        PartitionByMonth("sync_platformrequest", "at"),
    ]
