from django.db import migrations

from web.sql import RunSQLFiles


class Migration(migrations.Migration):
    dependencies = [("tools", "0003_raise_content_revision"), ("votes", "0003_public_log")]

    operations = [RunSQLFiles("votes", {"made_up.sql": "7b891abe"})]
