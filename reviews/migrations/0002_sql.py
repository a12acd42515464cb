"""What PostgreSQL runs by itself for reviews, and the column that only search uses."""

from django.db import migrations

from web.sql import RunSQLFiles

SEARCH = """
ALTER TABLE reviews_review ADD COLUMN search_vector tsvector NOT NULL
    GENERATED ALWAYS AS (review_search_vector(gist, quote, flips_if)) STORED;
CREATE INDEX reviews_review_search ON reviews_review USING gin (search_vector);
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial"), ("tools", "0002_sql")]

    operations = [
        RunSQLFiles(
            "reviews",
            {
                "revision.sql": "d1b17384",
                "slugs.sql": "eb623562",
                "search.sql": "e15165b8",
                "history.sql": "66c9d46b",
                "editions.sql": "8f3d2aa0",
                "flips.sql": "659cfce2",
            },
        ),
        migrations.RunSQL(SEARCH, "ALTER TABLE reviews_review DROP COLUMN search_vector"),
    ]
