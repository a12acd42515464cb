"""What was public is not deleted, corrections stay as they were made, and history begins with what stands.

Maintenance that has to delete such rows says so first, in its transaction: `SET LOCAL shipside.maintenance = 'on'`.
"""

import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models

KEPT = """
-- Whether a row was public at any time: by the time it is set to now, or by one it was set to before, as its history
-- tells. (Its schedule can be moved on after it came out.)
CREATE FUNCTION was_public(history regclass, row_id bigint, published timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found boolean;
BEGIN
    IF published <= statement_timestamp() THEN
        RETURN true;
    END IF;
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM ('
        '    SELECT published_at, lead(history_date, 1, statement_timestamp()) OVER (ORDER BY history_id) AS until'
        '    FROM %s WHERE id = $1'
        ') AS entry WHERE published_at <= until)', history
    ) INTO found USING row_id;
    RETURN found;
END $$;

CREATE FUNCTION is_maintenance() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT COALESCE(current_setting('shipside.maintenance', true), '') = 'on'
$$;

-- Takes the table of the history of what was public.
CREATE FUNCTION refuse_deleting_public() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF was_public(TG_ARGV[0]::regclass, OLD.id, OLD.published_at) THEN
        RAISE check_violation USING
            MESSAGE = format('%s %s was public: it is withdrawn or superseded, not deleted', TG_TABLE_NAME, OLD.id),
            CONSTRAINT = 'was_public_stays', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION refuse_deleting_of_public_tool() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tools_tool WHERE id = OLD.tool_id AND was_public('tools_historicaltool', id, published_at)
    ) THEN
        RAISE check_violation USING
            MESSAGE = format('%s %s is of a tool that was public: it is superseded, not deleted', TG_TABLE_NAME, OLD.id),
            CONSTRAINT = 'was_public_stays', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION refuse_changing_correction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING
        MESSAGE = 'a correction stays as it was made; a later one can follow',
        CONSTRAINT = 'tools_correction_stays', TABLE = 'tools_correction';
END $$;

CREATE TRIGGER refuse_deleting_public BEFORE DELETE ON tools_tool
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_public('tools_historicaltool');
CREATE TRIGGER refuse_deleting_public BEFORE DELETE ON tools_plan
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_of_public_tool();
CREATE TRIGGER refuse_deleting_public BEFORE DELETE ON tools_fact
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_of_public_tool();
CREATE TRIGGER refuse_changing BEFORE UPDATE OR DELETE ON tools_correction
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_changing_correction();
"""

FREED = """
DROP TRIGGER refuse_deleting_public ON tools_tool;
DROP TRIGGER refuse_deleting_public ON tools_plan;
DROP TRIGGER refuse_deleting_public ON tools_fact;
DROP TRIGGER refuse_changing ON tools_correction;
DROP FUNCTION refuse_deleting_public();
DROP FUNCTION refuse_deleting_of_public_tool();
DROP FUNCTION refuse_changing_correction();
DROP FUNCTION was_public(regclass, bigint, timestamptz);
DROP FUNCTION is_maintenance();
"""

LINKS = """
INSERT INTO tools_historicalattribute_categories (id, attribute_id, category_id, history_id)
SELECT link.id, link.attribute_id, link.category_id, entry.history_id
FROM tools_attribute_categories AS link
JOIN tools_historicalattribute AS entry ON entry.id = link.attribute_id AND entry.history_type = '+'
WHERE NOT EXISTS (SELECT FROM tools_historicalattribute_categories AS kept WHERE kept.history_id = entry.history_id)
"""


def begin_history(table, history):
    """Write what stands as the first entry of each row that has none, so that its first change shows what was before."""
    return migrations.RunSQL(
        f"""
        DO $$
        DECLARE
            columns text;
        BEGIN
            SELECT string_agg(quote_ident(column_name), ', ') INTO columns
            FROM information_schema.columns
            WHERE table_name = '{history}' AND table_schema = current_schema() AND column_name NOT LIKE 'history\\_%';
            EXECUTE format(
                'INSERT INTO {history} (%1$s, history_date, history_type, history_change_reason) '
                'SELECT %1$s, now(), ''+'', ''what stood when its history began'' FROM {table} AS standing '
                'WHERE NOT EXISTS (SELECT FROM {history} AS entry WHERE entry.id = standing.id) ORDER BY id', columns
            );
        END $$
        """,
        migrations.RunSQL.noop,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("tools", "0006_logo"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalCorrection",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "note",
                    models.CharField(help_text="What was wrong, and what is right; readers see it.", max_length=500),
                ),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.TextField(null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tool",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tools.tool",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical correction",
                "verbose_name_plural": "historical corrections",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddIndex(
            model_name="correction",
            index=models.Index(fields=["-made_at", "-id"], name="tools_correction_newest"),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.UniqueConstraint(
                fields=("tool", "made_at"),
                name="tools_correction_once",
                violation_error_message="This tool has a correction of that very moment.",
            ),
        ),
        migrations.RunSQL(KEPT, FREED),
        *[
            begin_history(f"tools_{model}", f"tools_historical{model}")
            for model in ("category", "attribute", "tool", "plan", "fact", "correction")
        ],
        migrations.RunSQL(LINKS, migrations.RunSQL.noop),
    ]
