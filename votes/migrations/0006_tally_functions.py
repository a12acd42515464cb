from django.db import migrations

from web.sql import RunSQLFiles

# One function now adds up what any statement changes; the triggers have the names of what fires them.
DROP = """
DROP TRIGGER IF EXISTS tally_inserted ON votes_vote;
DROP TRIGGER IF EXISTS tally_updated ON votes_vote;
DROP TRIGGER IF EXISTS tally_deleted ON votes_vote;
DROP TRIGGER IF EXISTS tally_truncated ON votes_vote;
DROP FUNCTION IF EXISTS tally_inserted, tally_updated, tally_deleted, tally_truncated;
"""
DROP_FOR_PAIRS = """
DROP FUNCTION IF EXISTS pair_tally_insert, pair_tally_update, pair_tally_delete, pair_tally_truncate;
"""


class Migration(migrations.Migration):
    dependencies = [("votes", "0005_monthly_price")]

    operations = [
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        RunSQLFiles("votes", {"tally.sql": "7c28614f", "pair_tally.sql": "c5a2c1e2"}),
        migrations.RunSQL(DROP_FOR_PAIRS, migrations.RunSQL.noop),  # no trigger calls them any longer
    ]
