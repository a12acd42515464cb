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

-- A pattern for characters of scripts that do not separate words by blanks (UNSPACED in web/folding.py).
CREATE OR REPLACE FUNCTION unspaced_character() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '[\u2e80-\u2fff\u3040-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff'
    '\U00020000-\U0003ffff]';

-- Return a text without case and accents, split as above, and with each character of Chinese, Japanese, and Korean as a
-- word, so that a word is found in the middle of others.
CREATE OR REPLACE FUNCTION separated(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(folded(spaced(words)), '(' || unspaced_character() || ')', ' \1 ', 'g');

-- Everything that a tool is called: its name, its short name if it has one, and its aliases. Declared IMMUTABLE although
-- array_to_string is only STABLE: that is for element types whose text depends on settings,
-- and text is not one of them.
CREATE OR REPLACE FUNCTION tool_names(name text, short_name text, aliases text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN separated(array_to_string(ARRAY[name, nullif(short_name, '')] || aliases, ' | '));

-- Names without stemming, for search as you type.
CREATE OR REPLACE FUNCTION tool_name_vector(name text, short_name text, aliases text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('pg_catalog.simple', tool_names(name, short_name, aliases));

-- Remove the commas between the digits of numbers: `128,000`.
CREATE OR REPLACE FUNCTION without_separators(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(words, '(\d),(?=\d{3})', '\1', 'g');

-- Names weigh most, both unstemmed ("The Who" must not lose its stop words) and stemmed; then the tagline; then the
-- description; then facts and plans (search_words.sql), whose numbers are found with and without separators.
CREATE OR REPLACE FUNCTION tool_search_vector(
    name text, short_name text, aliases text[], tagline text, description text, search_words text
) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(tool_name_vector(name, short_name, aliases), 'A')
    || setweight(to_tsvector('pg_catalog.english', tool_names(name, short_name, aliases)), 'A')
    || setweight(to_tsvector('pg_catalog.english', separated(tagline)), 'B')
    || setweight(to_tsvector('pg_catalog.english', separated(without_markdown(description))), 'C')
    || setweight(to_tsvector('pg_catalog.english', separated(search_words)), 'D')
    || setweight(to_tsvector('pg_catalog.english', separated(without_separators(search_words))), 'D');

-- Return a tool's names without case and accents.
CREATE OR REPLACE FUNCTION tool_called(name text, short_name text, aliases text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT folded(called) FROM unnest(ARRAY[name, nullif(short_name, '')] || aliases) AS called WHERE called IS NOT NULL
);

-- Turn runs of Chinese, Japanese, and Korean, and words joined by hyphens or points, into phrases, unless a person has
-- typed phrases: `self-hosted` is not whatever is hosted by the maker and has `self` somewhere else.
CREATE OR REPLACE FUNCTION phrased(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN words LIKE '%"%' THEN words
    ELSE regexp_replace(
        folded(words), '([a-z0-9]+(?:[-.][a-z0-9]+)+|' || unspaced_character() || '+)', ' "\1" ', 'g'
    )
END;

-- Parse what a person typed: all words, "phrases", or; stemmed, and as names are spelled. Nothing is a syntax error.
CREATE OR REPLACE FUNCTION search_query(words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN websearch_to_tsquery('pg_catalog.english', separated(phrased(words)))
    || websearch_to_tsquery('pg_catalog.simple', separated(phrased(words)));

-- Return what to highlight in a text: what was searched, and how the text itself spells it. `naive` finds `Naïve`, which
-- has a lexeme of its own, because texts are shown, and therefore parsed, with their accents.
CREATE OR REPLACE FUNCTION highlight_query(shown text, words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN search_query(words) || websearch_to_tsquery('pg_catalog.english', spaced(phrased(words))) || coalesce((
    SELECT string_agg('(' || spelling::text || ')', ' | ')::tsquery
    FROM (
        SELECT DISTINCT plainto_tsquery('pg_catalog.english', token) AS spelling
        FROM ts_parse('default', shown)
        WHERE octet_length(shown) > char_length(shown) AND octet_length(token) > char_length(token)
          AND token !~ unspaced_character()
          AND tsvector_to_array(to_tsvector('pg_catalog.english', separated(token)))
              && tsvector_to_array(to_tsvector('pg_catalog.english', separated(words)))
    ) AS spelled
    WHERE numnode(spelling) > 0
), '');

-- Return a text, or an excerpt, in which matches are between the delimiters that `options` of ts_headline name. A
-- Chinese, Japanese, or Korean word is cut out of its neighbors by a control character, which is removed again.
CREATE OR REPLACE FUNCTION highlighted(shown text, words text, options text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN replace(ts_headline(
    'pg_catalog.english',
    CASE
        WHEN words !~ unspaced_character() THEN shown
        ELSE regexp_replace(shown, (
            SELECT '(' || string_agg(run[1], '|') || ')'
            FROM regexp_matches(folded(words), unspaced_character() || '+', 'g') AS run
        ), E'\x1f\\1\x1f', 'g')
    END,
    highlight_query(shown, words),
    options
), E'\x1f', '');

-- Return the 100 tools, published or not, whose names come closest to words that may be misspelled.
-- Threshold 0.4: `haiuk` shares half of its trigrams with `haiku`, `qdrnat` 43% with `qdrant`. It is set here and not in
-- the head of the function: there, only a superuser may restore the function before the library of pg_trgm is loaded.
CREATE OR REPLACE FUNCTION tools_resembling(words text) RETURNS TABLE (id bigint) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('pg_trgm.word_similarity_threshold', '0.4', true);
    RETURN QUERY SELECT tool.id FROM tools_tool AS tool
    WHERE separated(words) <% tool_names(tool.name, tool.short_name, tool.aliases)
    ORDER BY word_similarity(separated(words), tool_names(tool.name, tool.short_name, tool.aliases)) DESC, tool.id
    LIMIT 100;
END $$;
