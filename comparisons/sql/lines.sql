-- Lines that editors write for a comparison, as comparisons/editor_lines.py describes them.

-- Whether a value is one sound line: of an editor's own, or what to do with a computed one. COALESCE, because a check
-- that yields NULL passes.
CREATE OR REPLACE FUNCTION is_editor_line(line jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN COALESCE(
    jsonb_typeof(line) = 'object'
    AND CASE WHEN line ? 'key' THEN
        line - ARRAY['key', 'hidden'] = '{}'
        AND jsonb_typeof(line -> 'key') = 'string' AND line ->> 'key' <> ''
        AND COALESCE(line -> 'hidden' = 'true', true)
    ELSE
        line - ARRAY['side', 'words', 'link'] = '{}'
        AND line ->> 'side' IN ('first', 'second', 'neither')
        AND jsonb_typeof(line -> 'words') = 'string' AND btrim(line ->> 'words') <> ''
        AND COALESCE(jsonb_typeof(line -> 'link') = 'string' AND line ->> 'link' ~ '^(pricing|(fact|seat)-[a-z0-9-]+)$', true)
    END,
    false
);

CREATE OR REPLACE FUNCTION are_editor_lines(lines jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(lines) = 'array' THEN (
    SELECT COALESCE(bool_and(is_editor_line(line)), true) FROM jsonb_array_elements(lines) AS line
) ELSE false END;
