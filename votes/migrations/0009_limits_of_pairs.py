"""Bursts of pair votes, decisions on them that can be taken back, and keys of networks that leave no trace."""

import django.db.models.deletion
from django.db import migrations, models

USUAL = """
-- As usual_votes (0006), between two tools: there is no ledger of pairs, and this is asked once an hour and pair.
CREATE FUNCTION usual_pair_votes(of_first bigint, of_second bigint, before timestamptz)
RETURNS double precision LANGUAGE sql STABLE
RETURN (
    SELECT COALESCE(sum(votes), 0) / 2.0 FROM (
        SELECT count(*) AS votes FROM votes_pairvote
        WHERE first_id = of_first AND second_id = of_second AND state = 'counted' AND choice <> 'none'
          AND created_at >= before - interval '7 days' AND created_at < before
        GROUP BY date_trunc('hour', created_at, 'UTC') ORDER BY votes DESC OFFSET 83 LIMIT 2
    ) AS middle
);
"""

# A deleted row stays in its file until it is vacuumed. There are one or two, so that ordinarily would be never.
VACUUM = """
ALTER TABLE votes_networkkey SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)
"""


class Migration(migrations.Migration):
    dependencies = [("votes", "0008_pair_votes_follow")]
    operations = [
        migrations.RunSQL(USUAL, "DROP FUNCTION usual_pair_votes(bigint, bigint, timestamptz)"),
        migrations.RunSQL(
            VACUUM,
            "ALTER TABLE votes_networkkey RESET (autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor)",
        ),
        migrations.AlterField(
            model_name="amount",
            name="usual",
            field=models.FloatField(help_text="Of a burst: the median hour of the last seven days.", null=True),
        ),
        *(
            migrations.AddField(
                model_name="decision",
                name=name,
                field=models.ForeignKey(
                    db_constraint=False,
                    db_index=False,
                    null=True,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="+",
                    to="tools.tool",
                ),
            )
            for name in ("first", "second")
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                models.F("first"),
                models.F("second"),
                condition=models.Q(("first__isnull", False)),
                name="votes_decision_pair",
            ),
        ),
        migrations.AddField(
            model_name="pairvote",
            name="decision",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="The latest one about it.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="decided_pair_votes",
                to="votes.decision",
            ),
        ),
    ]
