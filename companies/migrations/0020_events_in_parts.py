import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0019_event_trace"),
    ]

    operations = [
        migrations.AlterField(
            model_name="outboxentry",
            name="event",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                primary_key=True,
                related_name="+",
                serialize=False,
                to="companies.event",
            ),
        ),
    ]
