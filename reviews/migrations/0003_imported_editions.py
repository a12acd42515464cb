from django.db import migrations

from web.sql import RunSQLFiles


class Migration(migrations.Migration):
    dependencies = [("reviews", "0002_sql")]

    operations = [RunSQLFiles("reviews", {"flips.sql": "8c29ba7c"})]
