"""A published review is superseded, never rewritten; and reviewers, reviews and predictions count as content."""

from importlib import import_module

from django.db import migrations

earlier = import_module("tools.migrations.0002_revision_and_former_slugs")

STAY = """
CREATE FUNCTION refuse_rewriting_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING
        MESSAGE = 'a published review is superseded by a later edition, not rewritten',
        CONSTRAINT = 'reviews_review_published_words_stay',
        TABLE = 'reviews_review';
END $$;

CREATE TRIGGER refuse_rewriting BEFORE UPDATE ON reviews_review FOR EACH ROW
WHEN (
    OLD.published_at <= now()
    AND (OLD.tool_id, OLD.reviewer_id, OLD.published_at, OLD.verdict, OLD.quote, OLD.flips_if)
        IS DISTINCT FROM
        (NEW.tool_id, NEW.reviewer_id, NEW.published_at, NEW.verdict, NEW.quote, NEW.flips_if)
)
EXECUTE FUNCTION refuse_rewriting_review();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial"), ("tools", "0002_revision_and_former_slugs")]

    operations = [
        migrations.RunSQL(
            STAY,
            "DROP TRIGGER refuse_rewriting ON reviews_review; DROP FUNCTION refuse_rewriting_review()",
        ),
        *[earlier.bump_on(table) for table in ("reviews_reviewer", "reviews_review", "reviews_prediction")],
        earlier.former_slugs_on("reviews_reviewer"),
    ]
