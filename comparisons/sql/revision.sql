-- Comparisons count as editorial content (tools/sql/revision.sql).

CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON comparisons_comparison
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
