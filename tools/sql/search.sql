-- Full-text and fuzzy search (tools/search.py). The columns and indexes that use these functions are made by the
-- migrations: changing a function does not recompute stored vectors, so such a change has to rewrite the column.

-- Strip Markdown: remove the markers of emphasis and code, and the targets of links.
CREATE OR REPLACE FUNCTION without_markdown(markdown text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(markdown, '\]\([^)]*\)|[*`\[\]]', '', 'g');

-- Split what PostgreSQL would parse as hosts, files, numbers and operators into words: `whisper.cpp`, `GPT-4`,
-- `-quiet`. Text beyond the first 100,000 characters is not searched: vectors have a size limit, descriptions do not.
CREATE OR REPLACE FUNCTION spaced(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(left(words, 100000), '[-._/:@&!|()<>*\\]', ' ', 'g');

-- The same without case and accents, and with each character of Chinese, Japanese, and Korean as a word, so that a word
-- is found in the middle of others (UNSPACED in web/folding.py).
CREATE OR REPLACE FUNCTION separated(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
    folded(spaced(words)),
    '(['
    '\u2e80-\u2fff\u3040-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff'
    '\U00020000-\U0003ffff])', ' \1 ', 'g'
);

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

-- Return a tool's name and aliases without case and accents.
CREATE OR REPLACE FUNCTION tool_called(name text, aliases text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT folded(called) FROM unnest(aliases || name) AS called);

-- Turn runs of Chinese, Japanese, and Korean into phrases, unless a person has typed phrases.
CREATE OR REPLACE FUNCTION phrased(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN words LIKE '%"%' THEN words ELSE regexp_replace(
    folded(words),
    '(['
    '\u2e80-\u2fff\u3040-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff'
    '\U00020000-\U0003ffff]+)', ' "\1" ', 'g'
) END;

-- Parse what a person typed: all words, "phrases", or; stemmed, and as names are spelled. Nothing is a syntax error.
CREATE OR REPLACE FUNCTION search_query(words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN websearch_to_tsquery('pg_catalog.english', separated(phrased(words)))
    || websearch_to_tsquery('pg_catalog.simple', separated(phrased(words)));

-- Return what to highlight in a text as it is written, that is, with its accents.
CREATE OR REPLACE FUNCTION highlight_query(words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN search_query(words) || websearch_to_tsquery('pg_catalog.english', spaced(words));

-- Return the 100 tools, published or not, whose names come closest to words that may be misspelled.
-- Threshold 0.4: `haiuk` shares half of its trigrams with `haiku`, `qdrnat` 43% with `qdrant`. It is set here and not in
-- the head of the function: there, only a superuser may restore the function before the library of pg_trgm is loaded.
CREATE OR REPLACE FUNCTION tools_resembling(words text) RETURNS TABLE (id bigint) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('pg_trgm.word_similarity_threshold', '0.4', true);
    RETURN QUERY SELECT tool.id FROM tools_tool AS tool
    WHERE separated(words) <% tool_names(tool.name, tool.aliases)
    ORDER BY word_similarity(separated(words), tool_names(tool.name, tool.aliases)) DESC, tool.id
    LIMIT 100;
END $$;
