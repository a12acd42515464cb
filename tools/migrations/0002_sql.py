"""What PostgreSQL runs by itself for tools, and the columns and indexes that only search uses.

The search columns are not declared in the models on purpose: Django would load them with every object, through every
join, and return them after every insert (tools/search.py).
"""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

from web.sql import RunSQLFiles

SEARCH = """
ALTER TABLE tools_tool ADD COLUMN search_words text NOT NULL DEFAULT '';
ALTER TABLE tools_tool ADD COLUMN search_vector tsvector NOT NULL
    GENERATED ALWAYS AS (tool_search_vector(name, short_name, aliases, tagline, description, search_words)) STORED;
CREATE INDEX tools_tool_search ON tools_tool USING gin (search_vector);
CREATE INDEX tools_tool_sorted ON tools_tool ((sort_key(name) COLLATE "C"), id);
CREATE INDEX tools_tool_called ON tools_tool USING gin (tool_called(name, short_name, aliases));
CREATE INDEX tools_tool_name_words ON tools_tool USING gin (tool_name_vector(name, short_name, aliases));
CREATE INDEX tools_tool_name_trigrams ON tools_tool USING gin (tool_names(name, short_name, aliases) gin_trgm_ops);
"""

UNDO_SEARCH = """
DROP INDEX tools_tool_name_trigrams;
DROP INDEX tools_tool_name_words;
DROP INDEX tools_tool_called;
DROP INDEX tools_tool_sorted;
ALTER TABLE tools_tool DROP COLUMN search_vector;
ALTER TABLE tools_tool DROP COLUMN search_words;
"""

# The only row, which writers lock (tools/models/revision.py).
REVISION = "INSERT INTO tools_contentrevision (id, number) VALUES (1, 0)"


class Migration(migrations.Migration):
    dependencies = [("tools", "0001_initial")]

    operations = [
        TrigramExtension(),
        RunSQLFiles(
            "tools",
            {
                "publishing.sql": "b50f85ea",
                "revision.sql": "e4ffa6eb",
                "slugs.sql": "12cd7e77",
                "arithmetic.sql": "e2688a61",
                "names.sql": "d8c99671",
                "search.sql": "f29f244c",
                "facts.sql": "a06d1345",
                "search_words.sql": "177c290e",
                "superseding.sql": "de822d3a",
                "history.sql": "8a527259",
                "rates.sql": "b34c482c",
            },
        ),
        # Here and not with the other constraints, because they call functions of rates.sql.
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Func(
                        "rates",
                        models.Value(
                            [
                                "input",
                                "cached-input",
                                "output",
                                "request",
                                "credit",
                                "image",
                                "page",
                                "character",
                                "minute",
                                "gigabyte",
                                "vector",
                                "gpu-hour",
                            ],
                            output_field=models.JSONField(),
                        ),
                        function="are_rates",
                        output_field=models.BooleanField(),
                    )
                ),
                name="tools_plan_rates_sound",
                violation_error_message="A rate names a meter that no other rate of the plan has, and what it costs.",
            ),
        ),
        migrations.AddConstraint(
            model_name="category",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Func(
                        "presets",
                        models.Value(
                            [
                                "input",
                                "cached-input",
                                "output",
                                "request",
                                "credit",
                                "image",
                                "page",
                                "character",
                                "minute",
                                "gigabyte",
                                "vector",
                                "gpu-hour",
                            ],
                            output_field=models.JSONField(),
                        ),
                        function="are_presets",
                        output_field=models.BooleanField(),
                    )
                ),
                name="tools_category_presets_sound",
                violation_error_message="A preset has a name, and seats or usage of known meters.",
            ),
        ),
        migrations.RunSQL(SEARCH, UNDO_SEARCH),
        migrations.RunSQL(REVISION, "DELETE FROM tools_contentrevision"),
    ]
