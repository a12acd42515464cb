-- What was public is never deleted, and corrections never change.
-- Maintenance that has to delete such rows says so first, in its transaction: SET LOCAL shipside.maintenance = 'on'.

-- Return when a row came out, NULL if it has never been public: by its current publication time, or else by the last
-- one in its history at which it did (a schedule can be moved after the row came out).
CREATE OR REPLACE FUNCTION public_since(history regclass, row_id bigint, published timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found timestamptz;
BEGIN
    IF published <= statement_timestamp() THEN
        RETURN published;
    END IF;
    EXECUTE format(
        'SELECT published_at FROM ('
        '    SELECT history_id, published_at,'
        '           lead(history_date, 1, statement_timestamp()) OVER (ORDER BY history_id) AS until'
        '    FROM %s WHERE id = $1'
        ') AS entry WHERE published_at <= until ORDER BY history_id DESC LIMIT 1', history
    ) INTO found USING row_id;
    RETURN found;
END $$;

-- Return whether a row has ever been public.
CREATE OR REPLACE FUNCTION was_public(history regclass, row_id bigint, published timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT public_since(history, row_id, published) IS NOT NULL
$$;

-- Return when any of these columns of a row last changed, by its history; NULL if none ever did.
CREATE OR REPLACE FUNCTION last_changed(history regclass, row_id bigint, VARIADIC columns text[]) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found timestamptz;
BEGIN
    EXECUTE format(
        'SELECT max(history_date) FROM ('
        '    SELECT history_date, shown, lag(shown) OVER (ORDER BY history_id) AS before'
        '    FROM (SELECT history_id, history_date, jsonb_build_array(%s) AS shown FROM %s WHERE id = $1) AS version'
        ') AS version WHERE shown <> before',
        (SELECT string_agg(quote_ident(name), ', ') FROM unnest(columns) AS name), history
    ) INTO found USING row_id;
    RETURN found;
END $$;

CREATE OR REPLACE FUNCTION is_maintenance() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT COALESCE(current_setting('shipside.maintenance', true), '') = 'on'
$$;

-- Argument: the history table of the table it guards. Other apps use it too.
CREATE OR REPLACE FUNCTION refuse_deleting_public() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF was_public(TG_ARGV[0]::regclass, OLD.id, OLD.published_at) THEN
        RAISE check_violation USING
            MESSAGE = format('%s %s was public: it is withdrawn or superseded, not deleted', TG_TABLE_NAME, OLD.id),
            CONSTRAINT = 'was_public_stays', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;

CREATE OR REPLACE FUNCTION refuse_deleting_of_public_tool() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tools_tool WHERE id = OLD.tool_id AND was_public('tools_historicaltool', id, published_at)
    ) THEN
        RAISE check_violation USING
            MESSAGE = format(
                '%s %s is of a tool that was public: it is superseded, not deleted', TG_TABLE_NAME, OLD.id
            ),
            CONSTRAINT = 'was_public_stays', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;

CREATE OR REPLACE FUNCTION refuse_changing_correction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING
        MESSAGE = 'a correction stays as it was made; a later one can follow',
        CONSTRAINT = 'tools_correction_stays', TABLE = 'tools_correction';
END $$;

CREATE OR REPLACE TRIGGER refuse_deleting_public BEFORE DELETE ON tools_tool
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_public('tools_historicaltool');
CREATE OR REPLACE TRIGGER refuse_deleting_public BEFORE DELETE ON tools_plan
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_of_public_tool();
CREATE OR REPLACE TRIGGER refuse_deleting_public BEFORE DELETE ON tools_fact
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_of_public_tool();
CREATE OR REPLACE TRIGGER refuse_changing BEFORE UPDATE OR DELETE ON tools_correction
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_changing_correction();
