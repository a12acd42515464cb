-- A published review is superseded, never rewritten. Reviews that were public, and their predictions, are never deleted
-- (tools/sql/history.sql).

CREATE OR REPLACE FUNCTION refuse_rewriting_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE check_violation USING
        MESSAGE = 'a published review is superseded by a later edition, not rewritten',
        CONSTRAINT = 'reviews_review_published_words_stay',
        TABLE = 'reviews_review';
END $$;

-- Withdrawing is allowed: withdrawn_at is not among the columns compared. AFTER, because a BEFORE trigger would lock the
-- key of the row in every save (docs/decisions, lock order).
CREATE OR REPLACE TRIGGER refuse_rewriting AFTER UPDATE ON reviews_review FOR EACH ROW
WHEN (
    OLD.published_at <= now()
    AND (OLD.tool_id, OLD.reviewer_id, OLD.published_at, OLD.verdict, OLD.gist, OLD.quote, OLD.flips_if,
         OLD.basis, OLD.basis_version, OLD.basis_days)
        IS DISTINCT FROM
        (NEW.tool_id, NEW.reviewer_id, NEW.published_at, NEW.verdict, NEW.gist, NEW.quote, NEW.flips_if,
         NEW.basis, NEW.basis_version, NEW.basis_days)
)
EXECUTE FUNCTION refuse_rewriting_review();

CREATE OR REPLACE FUNCTION refuse_deleting_of_public_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM reviews_review
        WHERE id = OLD.review_id AND was_public('reviews_historicalreview', id, published_at)
    ) THEN
        RAISE check_violation USING
            MESSAGE = format('prediction %s is of a review that was public: it is judged, not deleted', OLD.id),
            CONSTRAINT = 'was_public_stays', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;

CREATE OR REPLACE TRIGGER refuse_deleting_public BEFORE DELETE ON reviews_review
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_public('reviews_historicalreview');
CREATE OR REPLACE TRIGGER refuse_deleting_public BEFORE DELETE ON reviews_prediction
    FOR EACH ROW WHEN (NOT is_maintenance()) EXECUTE FUNCTION refuse_deleting_of_public_review();
