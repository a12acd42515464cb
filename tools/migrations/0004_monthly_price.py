from django.db import migrations

from web.sql import RunSQLFiles


class Migration(migrations.Migration):
    dependencies = [("tools", "0003_raise_content_revision")]

    operations = [RunSQLFiles("tools", {"prices.sql": "521541f3"})]
