-- Former slugs: after a rename the old address keeps redirecting, and no other row of the table can take it.

-- A rename is recorded AFTER the update. Before a BEFORE trigger, PostgreSQL locks the row against foreign keys too, if
-- the statement lists a key column at all, and Django's save() lists all columns: every vote would wait for it.

-- Refuse a slug that redirects to another row; on a rename, record the old one.
CREATE OR REPLACE FUNCTION keep_former_slug() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM tools_formerslug
        WHERE "table" = TG_TABLE_NAME AND slug = NEW.slug AND object_id <> NEW.id
    ) THEN
        RAISE unique_violation USING
            MESSAGE = format(
                'the slug "%s" redirects to another row of %s, which had it before', NEW.slug, TG_TABLE_NAME
            ),
            CONSTRAINT = 'tools_formerslug_once';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        -- Renamed back to a former slug: it no longer redirects.
        DELETE FROM tools_formerslug WHERE "table" = TG_TABLE_NAME AND slug = NEW.slug;
        INSERT INTO tools_formerslug ("table", slug, object_id) VALUES (TG_TABLE_NAME, OLD.slug, OLD.id);
    END IF;
    RETURN NEW; -- used only by the trigger before an insert
END $$;

CREATE OR REPLACE FUNCTION drop_former_slugs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tools_formerslug WHERE "table" = TG_TABLE_NAME AND object_id = OLD.id;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER refuse_former_slug BEFORE INSERT ON tools_category
    FOR EACH ROW EXECUTE FUNCTION keep_former_slug();
CREATE OR REPLACE TRIGGER keep_former_slug AFTER UPDATE OF slug ON tools_category
    FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION keep_former_slug();
CREATE OR REPLACE TRIGGER drop_former_slugs AFTER DELETE ON tools_category
    FOR EACH ROW EXECUTE FUNCTION drop_former_slugs();

CREATE OR REPLACE TRIGGER refuse_former_slug BEFORE INSERT ON tools_tool
    FOR EACH ROW EXECUTE FUNCTION keep_former_slug();
CREATE OR REPLACE TRIGGER keep_former_slug AFTER UPDATE OF slug ON tools_tool
    FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION keep_former_slug();
CREATE OR REPLACE TRIGGER drop_former_slugs AFTER DELETE ON tools_tool
    FOR EACH ROW EXECUTE FUNCTION drop_former_slugs();
