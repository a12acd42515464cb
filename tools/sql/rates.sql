-- Rates of plans, as tools/rates.py describes them.

-- Whether one rate is sound: a rate that costs has an amount and how many it buys; a limit has neither, but includes
-- something. COALESCE, because a check that yields NULL passes.
CREATE OR REPLACE FUNCTION is_rate(rate jsonb, meters jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN COALESCE(
    jsonb_typeof(rate) = 'object'
    AND rate ?& ARRAY['meter', 'amount', 'per', 'included', 'beyond']
    AND rate - ARRAY['meter', 'amount', 'per', 'included', 'beyond'] = '{}'
    AND meters ? (rate ->> 'meter')
    AND jsonb_typeof(rate -> 'included') = 'number'
    AND rate ->> 'included' ~ '^(0|[1-9][0-9]{0,15})$'
    AND CASE rate ->> 'beyond'
        WHEN 'costs' THEN
            jsonb_typeof(rate -> 'amount') = 'string'
            AND rate ->> 'amount' ~ '^(0|[1-9][0-9]{0,7})(\.[0-9]{0,5}[1-9])?$' AND rate ->> 'amount' <> '0'
            AND jsonb_typeof(rate -> 'per') = 'number' AND rate ->> 'per' ~ '^[1-9][0-9]{0,15}$'
        WHEN 'stops' THEN
            rate -> 'amount' = 'null' AND rate -> 'per' = 'null' AND rate ->> 'included' <> '0'
        WHEN 'slows' THEN
            rate -> 'amount' = 'null' AND rate -> 'per' = 'null' AND rate ->> 'included' <> '0'
        ELSE false
    END,
    false
);

-- Whether a value is a list of sound rates with at most one per meter.
CREATE OR REPLACE FUNCTION are_rates(rates jsonb, meters jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(rates) = 'array' THEN (
    SELECT COALESCE(bool_and(is_rate(rate, meters)), true) AND count(*) = count(DISTINCT rate -> 'meter')
    FROM jsonb_array_elements(rates) AS rate
) ELSE false END;

-- Whether a value is a list of presets of a category, as tools/presets.py describes them: names, and what is used.
CREATE OR REPLACE FUNCTION is_preset(preset jsonb, meters jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN COALESCE(
    jsonb_typeof(preset) = 'object'
    AND preset ?& ARRAY['name', 'seats', 'usage'] AND preset - ARRAY['name', 'seats', 'usage'] = '{}'
    AND jsonb_typeof(preset -> 'name') = 'string' AND length(preset ->> 'name') BETWEEN 1 AND 60
    AND (
        preset -> 'seats' = 'null'
        OR (jsonb_typeof(preset -> 'seats') = 'number' AND preset ->> 'seats' ~ '^[1-9][0-9]{0,6}$')
    )
    AND jsonb_typeof(preset -> 'usage') = 'object'
    AND NOT (preset -> 'seats' = 'null' AND preset -> 'usage' = '{}')
    AND (
        SELECT COALESCE(bool_and(meters ? key AND value::text ~ '^[1-9][0-9]{0,15}$'), true)
        FROM jsonb_each(CASE jsonb_typeof(preset -> 'usage') WHEN 'object' THEN preset -> 'usage' ELSE '{}' END)
    ),
    false
);

CREATE OR REPLACE FUNCTION are_presets(presets jsonb, meters jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(presets) = 'array' THEN (
    SELECT COALESCE(bool_and(is_preset(preset, meters)), true) FROM jsonb_array_elements(presets) AS preset
) ELSE false END;
