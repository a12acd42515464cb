"""Full text and likeness (tools/search.py), as far as they are SQL.

The columns that hold search vectors are not declared in the models, on purpose: Django would load a declared one with
every object, through every join, and return it after every insert. Here PostgreSQL keeps them by itself, and only who
searches names them.
"""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

FUNCTIONS = r"""
-- Markdown as it reads: without the signs of emphasis and code, and without the addresses of links.
CREATE FUNCTION without_markdown(markdown text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(markdown, '\]\([^)]*\)|[*`\[\]]', '', 'g');

-- What PostgreSQL would take for hosts, files, numbers and operators are words to us: `whisper.cpp`, `GPT-4`, `-quiet`.
-- A text beyond the first 100,000 characters is not searched: a vector has its limit, and a description has none.
CREATE FUNCTION separated(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(left(words, 100000), '[-._/:@&!|()<>*\\]', ' ', 'g');

-- array_to_string is only STABLE, because of types whose text depends on settings. An array of text is none.
CREATE FUNCTION tool_names(name text, aliases text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN separated(name || ' | ' || array_to_string(aliases, ' | '));

-- Names as they are written, for what is typed letter by letter.
CREATE FUNCTION tool_name_vector(name text, aliases text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('pg_catalog.simple', tool_names(name, aliases));

-- Names weigh most, as they are written ("The Who" is no stop word) and in other forms; then the tagline; then the rest.
CREATE FUNCTION tool_search_vector(name text, aliases text[], tagline text, description text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(tool_name_vector(name, aliases), 'A')
    || setweight(to_tsvector('pg_catalog.english', tool_names(name, aliases)), 'A')
    || setweight(to_tsvector('pg_catalog.english', separated(tagline)), 'B')
    || setweight(to_tsvector('pg_catalog.english', separated(without_markdown(description))), 'C');

-- What a tool goes by, each in small letters.
CREATE FUNCTION tool_called(name text, aliases text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower((aliases || name)::text)::text[];

-- What a person typed: all words, "phrases", or; in other forms, and as names are written. Nothing is a syntax error.
CREATE FUNCTION search_query(words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN websearch_to_tsquery('pg_catalog.english', separated(words))
    || websearch_to_tsquery('pg_catalog.simple', separated(words));

-- Loads the library, so that everybody may set its threshold in the next statement.
SELECT similarity('', '');

-- The 100 tools, published or not, whose names come nearest to some words that may be mistyped.
-- 0.4: `haiuk` shares half of its trigrams with `haiku`, `qdrnat` 43% with `qdrant`.
CREATE FUNCTION tools_resembling(words text) RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
SET pg_trgm.word_similarity_threshold = 0.4
BEGIN ATOMIC
    SELECT id FROM tools_tool
    WHERE words <% tool_names(name, aliases)
    ORDER BY word_similarity(words, tool_names(name, aliases)) DESC, id
    LIMIT 100;
END;
"""

UNDO_FUNCTIONS = """
DROP FUNCTION tools_resembling(text);
DROP FUNCTION search_query(text);
DROP FUNCTION tool_called(text, text[]);
DROP FUNCTION tool_search_vector(text, text[], text, text);
DROP FUNCTION tool_name_vector(text, text[]);
DROP FUNCTION tool_names(text, text[]);
DROP FUNCTION separated(text);
DROP FUNCTION without_markdown(text);
"""

COLUMN = """
ALTER TABLE tools_tool ADD COLUMN search_vector tsvector NOT NULL
    GENERATED ALWAYS AS (tool_search_vector(name, aliases, tagline, description)) STORED;
CREATE INDEX tools_tool_search ON tools_tool USING gin (search_vector);
CREATE INDEX tools_tool_called ON tools_tool USING gin (tool_called(name, aliases));
CREATE INDEX tools_tool_name_words ON tools_tool USING gin (tool_name_vector(name, aliases));
CREATE INDEX tools_tool_name_trigrams ON tools_tool USING gin (tool_names(name, aliases) gin_trgm_ops);
"""

UNDO_COLUMN = """
DROP INDEX tools_tool_name_trigrams;
DROP INDEX tools_tool_name_words;
DROP INDEX tools_tool_called;
ALTER TABLE tools_tool DROP COLUMN search_vector;
"""


class Migration(migrations.Migration):
    dependencies = [("tools", "0003_arithmetic")]
    operations = [
        TrigramExtension(),
        migrations.RunSQL(FUNCTIONS, UNDO_FUNCTIONS),
        migrations.RunSQL(COLUMN, UNDO_COLUMN),
    ]
