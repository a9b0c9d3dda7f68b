from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0009_one_time_links"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="absolute_times",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
