-- Reviewers, reviews and predictions count as editorial content (tools/sql/revision.sql).

CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON reviews_reviewer
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON reviews_review
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
CREATE OR REPLACE TRIGGER bump_content_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON reviews_prediction
    FOR EACH STATEMENT EXECUTE FUNCTION bump_content_revision();
