"""Reviews that were public, and what they predicted, are not deleted; history begins with what stands."""

from importlib import import_module

from django.db import migrations

begin_history = import_module("tools.migrations.0007_history_is_kept").begin_history

KEPT = """
CREATE FUNCTION refuse_deleting_of_public_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM reviews_review
        WHERE id = OLD.review_id AND was_public('reviews_historicalreview', id, published_at)
    ) THEN
        RAISE check_violation USING
            MESSAGE = format('prediction %s is of a review that was public: it is judged, not deleted', OLD.id),
            CONSTRAINT = 'was_public_stays', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER refuse_deleting_public BEFORE DELETE ON reviews_review
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_public('reviews_historicalreview');
CREATE TRIGGER refuse_deleting_public BEFORE DELETE ON reviews_prediction
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_of_public_review();
"""

FREED = """
DROP TRIGGER refuse_deleting_public ON reviews_review;
DROP TRIGGER refuse_deleting_public ON reviews_prediction;
DROP FUNCTION refuse_deleting_of_public_review();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0007_history"), ("tools", "0007_history_is_kept")]

    operations = [
        migrations.RunSQL(KEPT, FREED),
        *[
            begin_history(f"reviews_{model}", f"reviews_historical{model}")
            for model in ("reviewer", "review", "prediction")
        ],
    ]
