-- Flips: the editions whose verdict is the opposite of the one before, so that the newest flips are found without
-- reading every review.
--
-- Editions are ordered by publication time, so whether one contradicts its predecessor does not depend on the clock.
-- Only a change of the editions themselves changes the flips, and these triggers follow it.

-- enable_seqscan = off: see rebuild_listings in votes/sql/listings.sql.
CREATE OR REPLACE FUNCTION rebuild_flips(wanted bigint[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
BEGIN
    DELETE FROM reviews_flip WHERE tool_id = ANY (wanted);

    INSERT INTO reviews_flip (review_id, before_id, tool_id, published_at)
    SELECT id, before_id, tool_id, published_at FROM (
        SELECT id, tool_id, published_at, verdict,
               lag(id) OVER editions AS before_id, lag(verdict) OVER editions AS verdict_before
        FROM reviews_review
        WHERE tool_id = ANY (wanted) AND is_published(published_at, withdrawn_at, 'infinity')
        WINDOW editions AS (PARTITION BY tool_id, reviewer_id ORDER BY published_at)
    ) AS edition
    WHERE verdict <> verdict_before;
END $$;

CREATE OR REPLACE FUNCTION flips_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM rebuild_flips(ARRAY(SELECT DISTINCT tool_id FROM new_rows));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM rebuild_flips(ARRAY(SELECT DISTINCT tool_id FROM old_rows));
    ELSE
        PERFORM rebuild_flips(ARRAY(SELECT tool_id FROM new_rows UNION SELECT tool_id FROM old_rows));
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER flips_follow_insert AFTER INSERT ON reviews_review
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION flips_follow();
CREATE OR REPLACE TRIGGER flips_follow_update AFTER UPDATE ON reviews_review
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION flips_follow();
CREATE OR REPLACE TRIGGER flips_follow_delete AFTER DELETE ON reviews_review
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION flips_follow();

-- Return when an earlier edition of the same seat was last imported, if that was after this edition was stored. From
-- then on, this edition may contradict a different one, or none. NULL if there was no such import.
CREATE OR REPLACE FUNCTION earlier_edition_imported_at(edition_id bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT max(imported.at)
    FROM reviews_review AS edition
    JOIN reviews_review AS earlier ON earlier.tool_id = edition.tool_id AND earlier.reviewer_id = edition.reviewer_id
        AND earlier.published_at < edition.published_at
    CROSS JOIN LATERAL (
        SELECT min(history_date) AS at FROM reviews_historicalreview WHERE id = earlier.id
    ) AS imported
    WHERE edition.id = edition_id
      AND imported.at > (SELECT min(history_date) FROM reviews_historicalreview WHERE id = edition.id)
$$;
