"""Comparisons, searchable by both names and the introduction (see tools/migrations/0004_search.py).

Their vector takes words from other tables, so triggers keep it: one on comparisons, one on the names of tools.
"""

from django.db import migrations

COLUMN = """
CREATE FUNCTION comparison_search_vector(first bigint, second bigint, introduction text) RETURNS tsvector
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT setweight(tool_name_vector(a.name, a.aliases) || tool_name_vector(b.name, b.aliases), 'A')
        || setweight(to_tsvector('pg_catalog.english', tool_names(a.name, a.aliases)), 'A')
        || setweight(to_tsvector('pg_catalog.english', tool_names(b.name, b.aliases)), 'A')
        || setweight(to_tsvector('pg_catalog.english', separated(without_markdown(introduction))), 'C')
    FROM tools_tool AS a, tools_tool AS b WHERE a.id = first AND b.id = second;
END;

CREATE FUNCTION keep_comparison_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_vector := COALESCE(comparison_search_vector(NEW.first_id, NEW.second_id, NEW.introduction), '');
    RETURN NEW;
END $$;

CREATE FUNCTION keep_comparisons_of_tool() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE comparisons_comparison
    SET search_vector = COALESCE(comparison_search_vector(first_id, second_id, introduction), '')
    WHERE first_id = NEW.id OR second_id = NEW.id;
    RETURN NULL;
END $$;

ALTER TABLE comparisons_comparison ADD COLUMN search_vector tsvector NOT NULL DEFAULT '';
UPDATE comparisons_comparison
SET search_vector = COALESCE(comparison_search_vector(first_id, second_id, introduction), '');
CREATE INDEX comparisons_comparison_search ON comparisons_comparison USING gin (search_vector);

CREATE TRIGGER keep_comparison_search BEFORE INSERT OR UPDATE OF first_id, second_id, introduction
    ON comparisons_comparison FOR EACH ROW EXECUTE FUNCTION keep_comparison_search();
CREATE TRIGGER keep_comparisons_of_tool AFTER UPDATE OF name, aliases ON tools_tool
    FOR EACH ROW WHEN ((OLD.name, OLD.aliases) IS DISTINCT FROM (NEW.name, NEW.aliases))
    EXECUTE FUNCTION keep_comparisons_of_tool();
"""

UNDO = """
DROP TRIGGER keep_comparisons_of_tool ON tools_tool;
DROP TRIGGER keep_comparison_search ON comparisons_comparison;
ALTER TABLE comparisons_comparison DROP COLUMN search_vector;
DROP FUNCTION keep_comparisons_of_tool();
DROP FUNCTION keep_comparison_search();
DROP FUNCTION comparison_search_vector(bigint, bigint, text);
"""


class Migration(migrations.Migration):
    dependencies = [("comparisons", "0004_splits_follow"), ("tools", "0004_search")]
    operations = [migrations.RunSQL(COLUMN, UNDO)]
