from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "INSERT INTO catalog_catalogueversion (id, version) VALUES (1, 1)", "DELETE FROM catalog_catalogueversion"
        )
    ]
