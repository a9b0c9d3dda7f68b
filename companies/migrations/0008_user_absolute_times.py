from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0007_support_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="absolute_times",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
