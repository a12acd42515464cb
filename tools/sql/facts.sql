-- The values of facts (tools/values.py): which are canonical, and how readers see them. No function fails, whatever the
-- value: superseded rows may have text from before their attribute had its kind, or choices that it had then.

-- Return whether a value has the canonical form of its attribute's kind, so that it can be compared and filtered by. Text
-- never has.
CREATE OR REPLACE FUNCTION is_typed(kind text, choices jsonb, value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE kind
    WHEN 'choice' THEN string_to_array(value, ', ') <@ ARRAY(
        SELECT choice ->> 'slug' FROM jsonb_array_elements(choices) AS choice
    )
    WHEN 'grade' THEN value IN ('yes', 'partly', 'no')
    WHEN 'number' THEN value ~ '^-?[0-9]{1,15}([.][0-9]{1,6})?$'
    WHEN 'version' THEN value ~ '^[0-9][A-Za-z0-9_.+-]*$'
    WHEN 'day' THEN value ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
    ELSE false
END;

-- Return a value as readers see it: `Apache-2.0, MIT`, `Partly`, `128,000 tokens`, `1 Nov 2026`. Other text stays as it is.
CREATE OR REPLACE FUNCTION fact_words(kind text, choices jsonb, unit text, value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN NOT is_typed(kind, choices, value) THEN value
    WHEN kind = 'choice' THEN (
        SELECT string_agg(choice ->> 'name', ', ' ORDER BY place)
        FROM jsonb_array_elements(choices) WITH ORDINALITY AS listed(choice, place)
        WHERE choice ->> 'slug' = ANY (string_to_array(value, ', '))
    )
    WHEN kind = 'grade' THEN initcap(value)
    WHEN kind = 'number' THEN
        rtrim(to_char(value::numeric, 'FM999,999,999,999,990.999999'), '.')
        || CASE WHEN unit IN ('', '%') THEN unit ELSE ' ' || unit END
    WHEN kind = 'day' THEN concat_ws(
        ' ',
        (ARRAY['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'])[
            substr(value, 6, 2)::integer
        ],
        ltrim(substr(value, 9), '0') || ',',
        left(value, 4)
    )
    ELSE value
END;

-- A current value has the canonical form of its attribute's kind. Facts are checked when they are written; an attribute
-- whose kind or choices change is checked at commit, because its facts are converted in the same transaction.

CREATE OR REPLACE FUNCTION refuse_misfits(facts bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    misfit record;
BEGIN
    SELECT attribute.slug, fact.value INTO misfit
    FROM tools_fact AS fact JOIN tools_attribute AS attribute ON attribute.id = fact.attribute_id
    WHERE fact.id = ANY (facts) AND fact.superseded_at IS NULL AND attribute.kind <> 'text'
      AND NOT is_typed(attribute.kind, attribute.choices, fact.value)
    LIMIT 1;
    IF FOUND THEN
        RAISE check_violation USING
            MESSAGE = format('%L is not a value of the attribute %s', misfit.value, misfit.slug),
            CONSTRAINT = 'tools_fact_value_fits', TABLE = 'tools_fact';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION refuse_misfits_of_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_misfits(ARRAY(SELECT id FROM written));
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION refuse_misfits_of_attribute() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_misfits(ARRAY(SELECT id FROM tools_fact WHERE attribute_id = NEW.id AND superseded_at IS NULL));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER refuse_misfits_insert AFTER INSERT ON tools_fact
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION refuse_misfits_of_statement();
CREATE OR REPLACE TRIGGER refuse_misfits_update AFTER UPDATE ON tools_fact
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION refuse_misfits_of_statement();

DROP TRIGGER IF EXISTS refuse_misfits ON tools_attribute;
CREATE CONSTRAINT TRIGGER refuse_misfits AFTER UPDATE ON tools_attribute
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((NEW.kind, NEW.choices) IS DISTINCT FROM (OLD.kind, OLD.choices))
    EXECUTE FUNCTION refuse_misfits_of_attribute();
