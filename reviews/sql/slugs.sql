-- Renamed reviewers keep their former slugs (tools/sql/slugs.sql).

CREATE OR REPLACE TRIGGER refuse_former_slug BEFORE INSERT ON reviews_reviewer
    FOR EACH ROW EXECUTE FUNCTION keep_former_slug();
CREATE OR REPLACE TRIGGER keep_former_slug AFTER UPDATE OF slug ON reviews_reviewer
    FOR EACH ROW WHEN (OLD.slug <> NEW.slug) EXECUTE FUNCTION keep_former_slug();
CREATE OR REPLACE TRIGGER drop_former_slugs AFTER DELETE ON reviews_reviewer
    FOR EACH ROW EXECUTE FUNCTION drop_former_slugs();
