-- Splits: on how many seats the panel disagrees about a pair, one row per period in which both listings stay the same.
-- They follow comparisons and the listings of their tools (votes/sql/listings.sql).

-- enable_seqscan = off: see rebuild_listings in votes/sql/listings.sql.
CREATE OR REPLACE FUNCTION rebuild_splits(wanted bigint[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
BEGIN
    DELETE FROM comparisons_split WHERE comparison_id = ANY (wanted);

    INSERT INTO comparisons_split (comparison_id, starts_at, ends_at, apart, seats)
    SELECT comparison.id, stretch.starts_at, stretch.ends_at,
           count_among(first.ships, second.skips) + count_among(first.skips, second.ships),
           count_among(first.ships || first.skips, second.ships || second.skips)
    FROM comparisons_comparison AS comparison
    JOIN votes_listing AS first ON first.tool_id = comparison.first_id
    JOIN votes_listing AS second ON second.tool_id = comparison.second_id
    CROSS JOIN LATERAL (
        SELECT GREATEST(first.starts_at, second.starts_at, comparison.published_at) AS starts_at,
               LEAST(first.ends_at, second.ends_at) AS ends_at -- LEAST ignores NULL, which means forever
    ) AS stretch
    WHERE comparison.id = ANY (wanted)
      AND is_published(comparison.published_at, comparison.withdrawn_at, 'infinity')
      AND (stretch.ends_at IS NULL OR stretch.starts_at < stretch.ends_at);
END $$;

CREATE OR REPLACE FUNCTION splits_follow() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
DECLARE
    touched bigint[];
BEGIN
    IF TG_TABLE_NAME = 'comparisons_comparison' THEN
        IF TG_OP = 'DELETE' THEN
            touched := ARRAY(SELECT id FROM old_rows);
        ELSE
            touched := ARRAY(SELECT id FROM new_rows);
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        touched := ARRAY(
            SELECT id FROM comparisons_comparison
            WHERE first_id IN (SELECT tool_id FROM old_rows) OR second_id IN (SELECT tool_id FROM old_rows)
        );
    ELSE
        touched := ARRAY(
            SELECT id FROM comparisons_comparison
            WHERE first_id IN (SELECT tool_id FROM new_rows) OR second_id IN (SELECT tool_id FROM new_rows)
        );
    END IF;
    IF touched <> '{}' THEN
        PERFORM rebuild_splits(touched);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER splits_follow_insert AFTER INSERT ON comparisons_comparison
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION splits_follow();
CREATE OR REPLACE TRIGGER splits_follow_update AFTER UPDATE ON comparisons_comparison
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION splits_follow();
CREATE OR REPLACE TRIGGER splits_follow_delete AFTER DELETE ON comparisons_comparison
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION splits_follow();

-- No trigger on UPDATE: votes update listings, which does not change a split; what editors do deletes and inserts.
CREATE OR REPLACE TRIGGER splits_follow_insert AFTER INSERT ON votes_listing
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION splits_follow();
CREATE OR REPLACE TRIGGER splits_follow_delete AFTER DELETE ON votes_listing
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION splits_follow();
