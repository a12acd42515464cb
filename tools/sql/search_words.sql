-- What search finds a tool by beside its own texts: its current facts, if they affirm something, and its plans. The
-- column `search_words` of tools_tool holds them, one line each; triggers on facts, plans, and attributes maintain it.

-- Return a large number in short: `128k`, `1.5M`; NULL if it has none of at most two decimals.
CREATE OR REPLACE FUNCTION abbreviated(number numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT trim_scale(number / size) || letter
    FROM (VALUES (1e12, 'T'), (1e9, 'B'), (1e6, 'M'), (1e3, 'k')) AS scale(size, letter)
    WHERE abs(number) >= size AND number * 100 % size = 0
    ORDER BY size DESC LIMIT 1
);

-- Return the other names of an attribute, and of the choices in a value (read_alias in tools/values.py): ` (ASL)`.
CREATE OR REPLACE FUNCTION other_names(aliases text[], value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT ' (' || string_agg(split_part(alias, ' = ', 1), ', ' ORDER BY place) || ')'
    FROM unnest(aliases) WITH ORDINALITY AS listed(alias, place)
    WHERE split_part(alias, ' = ', 2) = '' OR split_part(alias, ' = ', 2) = ANY (string_to_array(value, ', '))
);

-- Return what a fact says in one line, such as `Context window: 128,000 tokens (128k)`; NULL if it denies: a grade `no`,
-- the choice `none`, or text that begins so. Text can also deny what its attribute is called, so the name is left out.
CREATE OR REPLACE FUNCTION fact_line(name text, kind text, choices jsonb, unit text, aliases text[], value text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN kind = 'text' THEN CASE WHEN value !~* '^(no|none|not|never|nothing)\M' THEN value END
    WHEN NOT is_typed(kind, choices, value) OR value IN ('no', 'none') THEN NULL
    ELSE concat(
        name, ': ', fact_words(kind, choices, unit, value),
        CASE WHEN kind = 'number' THEN ' (' || abbreviated(value::numeric) || ')' END, other_names(aliases, value)
    )
END;

-- Update the words of some tools where they have changed. enable_seqscan and jit: see rebuild_listings.
CREATE OR REPLACE FUNCTION keep_search_words(wanted bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
BEGIN
    UPDATE tools_tool AS tool SET search_words = found.words
    FROM unnest(wanted) AS one(id) CROSS JOIN LATERAL (
        SELECT concat_ws(
            E'\n',
            (
                SELECT string_agg(
                    fact_line(
                        attribute.name, attribute.kind, attribute.choices, attribute.unit, attribute.aliases, fact.value
                    ),
                    E'\n' ORDER BY attribute.id
                )
                FROM tools_fact AS fact JOIN tools_attribute AS attribute ON attribute.id = fact.attribute_id
                WHERE fact.tool_id = one.id AND fact.superseded_at IS NULL
            ),
            (
                SELECT 'Plans: ' || string_agg(plan.name, ', ' ORDER BY plan.id)
                FROM tools_plan AS plan WHERE plan.tool_id = one.id AND plan.superseded_at IS NULL
            )
        ) AS words
    ) AS found
    WHERE tool.id = one.id AND tool.search_words <> found.words;
END $$;

-- The names of the triggers come before `listings_follow`, because a tool is locked before its listing.
CREATE OR REPLACE FUNCTION keep_search_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM keep_search_words(ARRAY(SELECT DISTINCT tool_id FROM new_rows));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM keep_search_words(ARRAY(SELECT DISTINCT tool_id FROM old_rows));
    ELSE
        PERFORM keep_search_words(ARRAY(SELECT tool_id FROM new_rows UNION SELECT tool_id FROM old_rows));
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION keep_search_words_of_attributes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM keep_search_words(ARRAY(
        SELECT DISTINCT fact.tool_id
        FROM (
            SELECT id, name, kind, choices, unit, aliases FROM new_rows
            EXCEPT SELECT id, name, kind, choices, unit, aliases FROM old_rows
        ) AS changed JOIN tools_fact AS fact ON fact.attribute_id = changed.id AND fact.superseded_at IS NULL
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER keep_search_words_insert AFTER INSERT ON tools_fact
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_search_words();
CREATE OR REPLACE TRIGGER keep_search_words_update AFTER UPDATE ON tools_fact
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_search_words();
CREATE OR REPLACE TRIGGER keep_search_words_delete AFTER DELETE ON tools_fact
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_search_words();
CREATE OR REPLACE TRIGGER keep_search_words_insert AFTER INSERT ON tools_plan
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_search_words();
CREATE OR REPLACE TRIGGER keep_search_words_update AFTER UPDATE ON tools_plan
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_search_words();
CREATE OR REPLACE TRIGGER keep_search_words_delete AFTER DELETE ON tools_plan
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_search_words();
CREATE OR REPLACE TRIGGER keep_search_words AFTER UPDATE ON tools_attribute
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_search_words_of_attributes();
