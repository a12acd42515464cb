-- Issues are on the web as soon as they are sent, so they raise the live revision (tools/sql/revision.sql).

CREATE OR REPLACE TRIGGER bump_live_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON newsletter_issue
    FOR EACH STATEMENT EXECUTE FUNCTION bump_live_revision();
