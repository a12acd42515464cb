-- Listings (one row per tool and period, with everything lists sort and filter by) follow tools, plans, reviews and
-- tallies, however those are written.
--
-- What editors write rebuilds a tool's rows; editors wait for each other anyway (tools.ContentRevision). Votes must not
-- wait: those on a popular tool are spread over the slots of its tally, and would all meet again at its single listing.
-- So votes settle there without blocking each other:
--
-- 1. A vote's trigger updates the row only if it is free (SKIP LOCKED).
-- 2. After its commit, VoteQuerySet.cast checks the row, again only if it is free, and repeats that as long as it
--    changed anything.
-- 3. The row is locked either by a vote, which checks after its own commit, or by such a check, which repeats. So the
--    last one sees everything that was committed.
--
-- 1136406 (0x115716) is the advisory lock of rebuilding listings; web/locks.py names it.

-- Rebuild the listings of some tools: one row for now, and one from each later publication of a review on.
-- enable_seqscan = off: a long import would otherwise keep the plans made for the few rows that existed at its start. Before
-- version 18, PostgreSQL then takes an unavoidable scan for so expensive that it compiles the query, hence jit = off.
CREATE OR REPLACE FUNCTION rebuild_listings(wanted bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1136406);
    DELETE FROM votes_listing WHERE tool_id = ANY (wanted);

    INSERT INTO votes_listing (
        tool_id, category_id, sort_name, entry, monthly, starts_at, ends_at,
        ships, skips, signature, ship, seats, reviewed_at, community_ship, community_skip
    )
    WITH tool AS (
        SELECT * FROM tools_tool
        WHERE id = ANY (wanted) AND is_published(published_at, withdrawn_at, 'infinity')
    ), turn AS (
        -- When a tool is published, and each later time at which a review of it is.
        SELECT id AS tool_id, published_at AS starts_at FROM tool
        UNION
        SELECT tool.id, review.published_at
        FROM tool JOIN reviews_review AS review ON review.tool_id = tool.id
        WHERE is_published(review.published_at, review.withdrawn_at, 'infinity')
          AND review.published_at > GREATEST(tool.published_at, statement_timestamp())
    )
    SELECT tool.id, tool.category_id, sort_key(tool.name), way_in.entry, way_in.monthly,
           turn.starts_at, lead(turn.starts_at) OVER (PARTITION BY tool.id ORDER BY turn.starts_at),
           panel.ships, panel.skips, hashtextextended(concat(panel.ships, panel.skips), 0),
           cardinality(panel.ships), cardinality(panel.ships) + cardinality(panel.skips),
           panel.reviewed_at, community.ship, community.skip
    FROM tool
    JOIN turn ON turn.tool_id = tool.id
    CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(reviewer_id ORDER BY reviewer_id) FILTER (WHERE verdict = 'ship'), '{}') AS ships,
               COALESCE(array_agg(reviewer_id ORDER BY reviewer_id) FILTER (WHERE verdict = 'skip'), '{}') AS skips,
               max(published_at) AS reviewed_at
        FROM current_reviews(GREATEST(turn.starts_at, statement_timestamp())) AS edition
        WHERE edition.tool_id = tool.id
    ) AS panel
    CROSS JOIN LATERAL (
        SELECT CASE WHEN bool_or(kind = 'free') THEN 'free' WHEN bool_or(kind = 'paid') THEN 'paid'
                    WHEN bool_or(kind = 'contact') THEN 'contact' ELSE '' END AS entry,
               min(monthly_price(kind, amount, period, per_seat, minimum_seats))
                   FILTER (WHERE kind = 'free' OR currency = 'USD') AS monthly
        FROM tools_plan WHERE tool_id = tool.id AND superseded_at IS NULL
    ) AS way_in
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(tally.ship), 0) AS ship, COALESCE(sum(tally.skip), 0) AS skip
        FROM votes_tally AS tally WHERE tally.tool_id = tool.id
    ) AS community;
END $$;

-- Update the vote counts of some listings where the tallies disagree. Return whether to look again: a row was changed,
-- and others may have skipped it while it was locked. A patient look waits briefly for an editor's save, if a row that
-- disagrees is locked: during a long import, votes on other tools must not wait, each in a thread that serves readers.
CREATE OR REPLACE FUNCTION settle_listings(wanted bigint[], patient boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    mine bigint[];
    lagging bigint[] := ARRAY(
        SELECT id FROM votes_listing AS listing
        WHERE tool_id = ANY (wanted)
          AND (community_ship, community_skip) <> (
              SELECT COALESCE(sum(tally.ship), 0), COALESCE(sum(tally.skip), 0)
              FROM votes_tally AS tally WHERE tally.tool_id = listing.tool_id
          )
    );
BEGIN
    IF lagging = '{}' THEN
        RETURN false;
    END IF;
    mine := ARRAY(SELECT id FROM votes_listing WHERE id = ANY (lagging) FOR UPDATE SKIP LOCKED);
    IF mine <> '{}' THEN
        -- A separate statement, so that it sees all votes that were committed before the rows were locked.
        UPDATE votes_listing AS listing
        SET community_ship = community.ship, community_skip = community.skip
        FROM votes_listing AS row
        CROSS JOIN LATERAL (
            SELECT COALESCE(sum(tally.ship), 0) AS ship, COALESCE(sum(tally.skip), 0) AS skip
            FROM votes_tally AS tally WHERE tally.tool_id = row.tool_id
        ) AS community
        WHERE row.id = ANY (mine) AND listing.id = row.id;
        RETURN true;
    END IF;

    IF patient AND NOT pg_try_advisory_xact_lock_shared(1136406) THEN
        BEGIN
            PERFORM set_config('lock_timeout', '200ms', true);
            PERFORM pg_advisory_xact_lock_shared(1136406);
            RETURN true;
        EXCEPTION WHEN lock_not_available THEN
            NULL; -- a long import: the next vote on the tool corrects it
        END;
    END IF;
    RETURN false;
END $$;

-- Argument: the column that holds the tool's id.
CREATE OR REPLACE FUNCTION listings_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint[];
BEGIN
    EXECUTE format(
        CASE TG_OP
            WHEN 'INSERT' THEN 'SELECT array_agg(DISTINCT %1$I) FROM new_rows'
            WHEN 'DELETE' THEN 'SELECT array_agg(DISTINCT %1$I) FROM old_rows'
            ELSE 'SELECT array_agg(%1$I) FROM (SELECT %1$I FROM new_rows UNION SELECT %1$I FROM old_rows) AS moved'
        END, TG_ARGV[0]
    ) INTO touched;
    IF touched IS NULL THEN
        RETURN NULL;
    ELSIF TG_TABLE_NAME = 'tools_tool' AND TG_OP = 'UPDATE' THEN
        -- Most updates change nothing that listings hold, such as the words that search finds a tool by.
        PERFORM rebuild_listings(array_agg(id)) FROM (
            SELECT id, category_id, name, published_at, withdrawn_at FROM new_rows
            EXCEPT
            SELECT id, category_id, name, published_at, withdrawn_at FROM old_rows
        ) AS changed HAVING count(*) > 0;
    ELSIF TG_TABLE_NAME = 'votes_tally' THEN
        PERFORM settle_listings(touched, false);
    ELSE
        PERFORM rebuild_listings(touched);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER listings_follow_insert AFTER INSERT ON tools_tool
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('id');
CREATE OR REPLACE TRIGGER listings_follow_update AFTER UPDATE ON tools_tool
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('id');
CREATE OR REPLACE TRIGGER listings_follow_delete AFTER DELETE ON tools_tool
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('id');

CREATE OR REPLACE TRIGGER listings_follow_insert AFTER INSERT ON tools_plan
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('tool_id');
CREATE OR REPLACE TRIGGER listings_follow_update AFTER UPDATE ON tools_plan
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('tool_id');
CREATE OR REPLACE TRIGGER listings_follow_delete AFTER DELETE ON tools_plan
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('tool_id');

CREATE OR REPLACE TRIGGER listings_follow_insert AFTER INSERT ON reviews_review
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('tool_id');
CREATE OR REPLACE TRIGGER listings_follow_update AFTER UPDATE ON reviews_review
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('tool_id');
CREATE OR REPLACE TRIGGER listings_follow_delete AFTER DELETE ON reviews_review
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('tool_id');

CREATE OR REPLACE TRIGGER listings_follow_insert AFTER INSERT ON votes_tally
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('tool_id');
CREATE OR REPLACE TRIGGER listings_follow_update AFTER UPDATE ON votes_tally
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('tool_id');
CREATE OR REPLACE TRIGGER listings_follow_delete AFTER DELETE ON votes_tally
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('tool_id');
