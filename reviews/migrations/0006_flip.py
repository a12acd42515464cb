"""Which editions flipped, so that the newest flips are found without looking at every review.

Editions are told apart by the time at which they come out, and so whether one says the opposite of the one before does
not depend on what time it is. Only a change of the editions themselves moves a flip, and a trigger follows it.
"""

import django.db.models.deletion
from django.db import migrations, models

FUNCTIONS = """
-- By index whatever the statistics say, as votes/migrations/0004_listings_follow explains.
CREATE FUNCTION rebuild_flips(wanted bigint[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    DELETE FROM reviews_flip WHERE tool_id = ANY (wanted);

    INSERT INTO reviews_flip (review_id, before_id, tool_id, published_at)
    SELECT id, before_id, tool_id, published_at FROM (
        SELECT id, tool_id, published_at, verdict,
               lag(id) OVER editions AS before_id, lag(verdict) OVER editions AS verdict_before
        FROM reviews_review
        WHERE tool_id = ANY (wanted) AND published_at IS NOT NULL AND withdrawn_at IS NULL
        WINDOW editions AS (PARTITION BY tool_id, reviewer_id ORDER BY published_at)
    ) AS edition
    WHERE verdict <> verdict_before;
END $$;

CREATE FUNCTION flips_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM rebuild_flips(ARRAY(SELECT DISTINCT tool_id FROM new_rows));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM rebuild_flips(ARRAY(SELECT DISTINCT tool_id FROM old_rows));
    ELSE
        PERFORM rebuild_flips(ARRAY(SELECT tool_id FROM new_rows UNION SELECT tool_id FROM old_rows));
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER flips_follow_insert AFTER INSERT ON reviews_review
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION flips_follow();
CREATE TRIGGER flips_follow_update AFTER UPDATE ON reviews_review
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION flips_follow();
CREATE TRIGGER flips_follow_delete AFTER DELETE ON reviews_review
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION flips_follow();

SELECT rebuild_flips(ARRAY(SELECT id FROM tools_tool));
"""

UNDO = """
DROP TRIGGER flips_follow_delete ON reviews_review;
DROP TRIGGER flips_follow_update ON reviews_review;
DROP TRIGGER flips_follow_insert ON reviews_review;
DROP FUNCTION flips_follow();
DROP FUNCTION rebuild_flips(bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0005_search")]

    operations = [
        migrations.CreateModel(
            name="Flip",
            fields=[
                (
                    "review",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="reviews.review",
                    ),
                ),
                ("published_at", models.DateTimeField()),
                (
                    "before",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="reviews.review",
                    ),
                ),
                (
                    "tool",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tools.tool"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["-published_at", "-review"], name="reviews_flip_newest")],
            },
        ),
        migrations.RunSQL(FUNCTIONS, UNDO),
    ]
