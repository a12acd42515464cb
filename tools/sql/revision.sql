-- The content revision: a number that every change of editorial content raises. Pages are cached by it, so no writer
-- may forget it; hence a trigger. Other apps attach it to their own tables in their own revision.sql.
--
-- It is the time of the change in microseconds, and at least one more than before. A mere counter would repeat numbers
-- after a restore from a backup or a failover to a replica, and processes would then show pages of the lost changes.

CREATE OR REPLACE FUNCTION raise_content_revision() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- The row stays locked until the writer commits, so a page sees the new number and the new content together.
    INSERT INTO tools_contentrevision (id, number)
    VALUES (1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    ON CONFLICT (id) DO UPDATE SET number = GREATEST(tools_contentrevision.number + 1, EXCLUDED.number);
END $$;

CREATE OR REPLACE FUNCTION bump_content_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM raise_content_revision();
    RETURN NULL;
END $$;

-- The live revision: numbers whose sum every change raises of what readers see and no editor wrote, such as counts of
-- votes. Pages that show any of it are cached by that sum. Writers must not wait for each other, and a transaction
-- writes several such tables, in any order. So each takes a row that nobody holds, and a row more if there is none.
CREATE OR REPLACE FUNCTION bump_live_revision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    at bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
BEGIN
    UPDATE tools_liverevision SET number = GREATEST(number + 1, at)
    WHERE id = (SELECT id FROM tools_liverevision ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED);
    IF NOT FOUND THEN
        INSERT INTO tools_liverevision (number) VALUES (at);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tools_category
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tools_tool
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tools_plan
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tools_attribute
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON tools_attribute_categories
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tools_fact
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tools_correction
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
