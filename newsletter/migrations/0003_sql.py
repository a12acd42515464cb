"""What PostgreSQL runs by itself for the newsletter."""

from django.db import migrations

from web.sql import RunSQLFiles


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0002_issue_history"), ("tools", "0002_sql")]

    operations = [RunSQLFiles("newsletter", {"revision.sql": "5020844e"})]
