from django.db import migrations, models

from web.sql import RunSQLFiles

# Listings hold nothing else, so they are computed again from what they are derived from.
REBUILD = "SELECT rebuild_listings(ARRAY(SELECT id FROM tools_tool))"


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0003_imported_editions"),
        ("tools", "0004_monthly_price"),
        ("votes", "0004_made_up_votes"),
    ]

    operations = [
        migrations.AddField(
            model_name="listing",
            name="monthly",
            field=models.DecimalField(
                help_text="The least dollars a month, 0 if a plan is free. None if that depends on use or on sales, or is paid "
                "once or in another currency.",
                null=True,
            ),
        ),
        RunSQLFiles("votes", {"listings.sql": "a9572f7e"}),
        migrations.RunSQL(REBUILD, migrations.RunSQL.noop),
    ]
