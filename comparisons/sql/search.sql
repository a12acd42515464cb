-- Comparisons are found by both names and the introduction (tools/sql/search.sql). The vector takes words from other
-- tables, so it cannot be a generated column; triggers maintain it: on comparisons, and on the names of tools.

CREATE OR REPLACE FUNCTION comparison_search_vector(first bigint, second bigint, introduction text) RETURNS tsvector
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT setweight(tool_name_vector(a.name, a.short_name, a.aliases) || tool_name_vector(b.name, b.short_name, b.aliases), 'A')
        || setweight(to_tsvector('pg_catalog.english', tool_names(a.name, a.short_name, a.aliases)), 'A')
        || setweight(to_tsvector('pg_catalog.english', tool_names(b.name, b.short_name, b.aliases)), 'A')
        || setweight(to_tsvector('pg_catalog.english', separated(without_markdown(introduction))), 'C')
    FROM tools_tool AS a, tools_tool AS b WHERE a.id = first AND b.id = second;
END;

CREATE OR REPLACE FUNCTION keep_comparison_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_vector := COALESCE(comparison_search_vector(NEW.first_id, NEW.second_id, NEW.introduction), '');
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION keep_comparisons_of_tool() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE comparisons_comparison
    SET search_vector = COALESCE(comparison_search_vector(first_id, second_id, introduction), '')
    WHERE first_id = NEW.id OR second_id = NEW.id;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER keep_comparison_search BEFORE INSERT OR UPDATE OF first_id, second_id, introduction
    ON comparisons_comparison FOR EACH ROW EXECUTE FUNCTION keep_comparison_search();
CREATE OR REPLACE TRIGGER keep_comparisons_of_tool AFTER UPDATE OF name, short_name, aliases ON tools_tool
    FOR EACH ROW WHEN (
        (OLD.name, OLD.short_name, OLD.aliases) IS DISTINCT FROM (NEW.name, NEW.short_name, NEW.aliases)
    )
    EXECUTE FUNCTION keep_comparisons_of_tool();
