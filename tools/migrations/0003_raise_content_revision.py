from django.db import migrations

from web.sql import RunSQLFiles


class Migration(migrations.Migration):
    dependencies = [("tools", "0002_sql")]

    operations = [RunSQLFiles("tools", {"revision.sql": "31d98b63"})]
