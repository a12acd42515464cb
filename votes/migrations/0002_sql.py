"""What PostgreSQL runs by itself for votes, and how some of their tables are stored."""

from django.db import migrations

from web.sql import RunSQLFiles

STORAGE = """
-- Neither table needs to survive a crash, and keys must not get into backups of the write-ahead log.
ALTER TABLE votes_networkkey SET UNLOGGED;
ALTER TABLE votes_amount SET UNLOGGED;
-- Leave room to update rows in place.
ALTER TABLE votes_amount SET (fillfactor = 60);
-- A deleted key stays in the file until it is vacuumed. With one or two rows, the default threshold is never reached.
ALTER TABLE votes_networkkey SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
"""

UNDO_STORAGE = """
ALTER TABLE votes_networkkey RESET (autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor);
ALTER TABLE votes_amount RESET (fillfactor);
ALTER TABLE votes_amount SET LOGGED;
ALTER TABLE votes_networkkey SET LOGGED;
"""


class Migration(migrations.Migration):
    dependencies = [("votes", "0001_initial"), ("tools", "0002_sql"), ("reviews", "0002_sql")]

    operations = [
        RunSQLFiles(
            "votes",
            {
                "tally.sql": "00516bbb",
                "casting.sql": "8411cd2e",
                "pair_tally.sql": "5925fa95",
                "decisions.sql": "7cd83b7b",
                "listings.sql": "2d00bfaf",
                "revision.sql": "9743c825",
            },
        ),
        migrations.RunSQL(STORAGE, UNDO_STORAGE),
    ]
