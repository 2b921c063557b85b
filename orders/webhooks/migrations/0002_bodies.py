from django.db import migrations, models


class Migration(migrations.Migration):
    """Of a month of deliveries only the bodies of three days are left to be found."""

    dependencies = [
        ("webhooks", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("body__isnull", False)), fields=["created_at"], name="delivery_with_body"
            ),
        ),
    ]
