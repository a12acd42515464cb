-- The searchable words of a review (tools/sql/search.sql).

CREATE OR REPLACE FUNCTION review_search_vector(gist text, quote text, flips_if text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(to_tsvector('pg_catalog.english', separated(gist)), 'A')
    || setweight(to_tsvector('pg_catalog.english', separated(without_markdown(quote))), 'A')
    || setweight(to_tsvector('pg_catalog.english', separated(flips_if)), 'B');
