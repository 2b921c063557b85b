import django.contrib.postgres.indexes
from django.db import migrations, models
from django.db.models.functions import Reverse

from jiema.operations import AddIndexBesideWriters


class Migration(migrations.Migration):
    """A customer's orders by service, by country and by the end of the number."""

    atomic = False
    dependencies = [
        ("orders", "0006_spending_by_key"),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name="order",
            index=models.Index(
                models.F("user"),
                models.F("service"),
                models.OrderBy(models.F("id"), descending=True),
                name="order_list_by_service",
            ),
        ),
        AddIndexBesideWriters(
            model_name="order",
            index=models.Index(
                models.F("user"),
                models.F("country"),
                models.OrderBy(models.F("id"), descending=True),
                name="order_list_by_country",
            ),
        ),
        AddIndexBesideWriters(
            model_name="order",
            index=models.Index(
                models.F("user"),
                django.contrib.postgres.indexes.OpClass(Reverse("phone"), name="text_pattern_ops"),
                name="order_by_phones_end",
            ),
        ),
    ]
