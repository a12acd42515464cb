"""What PostgreSQL runs by itself for comparisons, and the column that only search uses (tools/search.py)."""

from django.db import migrations, models

from web.sql import RunSQLFiles

SEARCH = """
ALTER TABLE comparisons_comparison ADD COLUMN search_vector tsvector NOT NULL DEFAULT '';
CREATE INDEX comparisons_comparison_search ON comparisons_comparison USING gin (search_vector);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("comparisons", "0001_initial"),
        ("tools", "0002_sql"),
        ("votes", "0002_sql"),
    ]

    operations = [
        migrations.RunSQL(SEARCH, "ALTER TABLE comparisons_comparison DROP COLUMN search_vector"),
        RunSQLFiles(
            "comparisons",
            {
                "revision.sql": "1c5cc967",
                "history.sql": "8087bb46",
                "splits.sql": "81e67cf3",
                "search.sql": "69f66656",
                "lines.sql": "e86ccb65",
            },
        ),
        migrations.AddConstraint(
            model_name="comparison",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Func("lines", function="are_editor_lines", output_field=models.BooleanField())
                ),
                name="comparisons_lines_sound",
                violation_error_message="A line has a side and words, or the key of a computed line.",
            ),
        ),
    ]
