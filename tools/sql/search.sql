-- Full-text and fuzzy search (tools/search.py). The columns and indexes that use these functions are made by the
-- migrations: changing a function does not recompute stored vectors, so such a change has to rewrite the column.

-- Strip Markdown: remove the markers of emphasis and code, and the targets of links.
CREATE OR REPLACE FUNCTION without_markdown(markdown text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(markdown, '\]\([^)]*\)|[*`\[\]]', '', 'g');

-- Split what PostgreSQL would parse as hosts, files, numbers and operators into words: `whisper.cpp`, `GPT-4`,
-- `-quiet`. Text beyond the first 100,000 characters is not searched: vectors have a size limit, descriptions do not.
CREATE OR REPLACE FUNCTION separated(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(left(words, 100000), '[-._/:@&!|()<>*\\]', ' ', 'g');

-- Declared IMMUTABLE although array_to_string is only STABLE: that is for element types whose text depends on settings,
-- and text is not one of them.
CREATE OR REPLACE FUNCTION tool_names(name text, aliases text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN separated(name || ' | ' || array_to_string(aliases, ' | '));

-- Names without stemming, for search as you type.
CREATE OR REPLACE FUNCTION tool_name_vector(name text, aliases text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('pg_catalog.simple', tool_names(name, aliases));

-- Names weigh most, both unstemmed ("The Who" must not lose its stop words) and stemmed; then the tagline; then the
-- description.
CREATE OR REPLACE FUNCTION tool_search_vector(name text, aliases text[], tagline text, description text)
RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(tool_name_vector(name, aliases), 'A')
    || setweight(to_tsvector('pg_catalog.english', tool_names(name, aliases)), 'A')
    || setweight(to_tsvector('pg_catalog.english', separated(tagline)), 'B')
    || setweight(to_tsvector('pg_catalog.english', separated(without_markdown(description))), 'C');

-- Return a tool's name and aliases in lower case.
CREATE OR REPLACE FUNCTION tool_called(name text, aliases text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower((aliases || name)::text)::text[];

-- Parse what a person typed: all words, "phrases", or; stemmed, and as names are spelled. Nothing is a syntax error.
CREATE OR REPLACE FUNCTION search_query(words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN websearch_to_tsquery('pg_catalog.english', separated(words))
    || websearch_to_tsquery('pg_catalog.simple', separated(words));

-- Load the pg_trgm library, without which only a superuser may attach its setting to the next function.
SELECT similarity('', '');

-- Return the 100 tools, published or not, whose names come closest to words that may be misspelled.
-- Threshold 0.4: `haiuk` shares half of its trigrams with `haiku`, `qdrnat` 43% with `qdrant`.
CREATE OR REPLACE FUNCTION tools_resembling(words text) RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE
SET pg_trgm.word_similarity_threshold = 0.4
BEGIN ATOMIC
    SELECT id FROM tools_tool
    WHERE words <% tool_names(name, aliases)
    ORDER BY word_similarity(words, tool_names(name, aliases)) DESC, id
    LIMIT 100;
END;
