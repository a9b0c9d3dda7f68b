from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    #: Events are many: nobody waits while they are indexed.
    atomic = False

    dependencies = [
        ("companies", "0014_programs_act"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(
                condition=models.Q(
                    (
                        "type__in",
                        [
                            "client.rateLimit.reached",
                            "client.rateLimit.reset",
                            "company.created",
                            "company.deleted",
                            "company.product.added",
                            "company.product.removed",
                            "connection.connected",
                            "connection.created",
                            "connection.deauthorized",
                            "connection.deleted",
                            "connection.failed",
                            "connection.reconnected",
                            "connection.unlinked",
                            "read.completed",
                            "read.completed.initial",
                        ],
                    )
                ),
                fields=["organization", "occurred_at", "id"],
                name="event_told",
            ),
        ),
        RemoveIndexConcurrently(model_name="event", name="event_published"),
    ]
