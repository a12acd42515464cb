"""The words of reviews, searchable (see tools/migrations/0004_search.py)."""

from django.db import migrations

COLUMN = """
CREATE FUNCTION review_search_vector(quote text, flips_if text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_tsvector('pg_catalog.english', separated(without_markdown(quote))), 'A')
    || setweight(to_tsvector('pg_catalog.english', separated(flips_if)), 'B');

ALTER TABLE reviews_review ADD COLUMN search_vector tsvector NOT NULL
    GENERATED ALWAYS AS (review_search_vector(quote, flips_if)) STORED;
CREATE INDEX reviews_review_search ON reviews_review USING gin (search_vector);
"""

UNDO = """
ALTER TABLE reviews_review DROP COLUMN search_vector;
DROP FUNCTION review_search_vector(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_mention"), ("tools", "0004_search")]
    operations = [migrations.RunSQL(COLUMN, UNDO)]
