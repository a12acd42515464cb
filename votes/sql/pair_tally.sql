-- The tally of pair votes follows them in the same transaction, as tally.sql does for votes on tools: one function per
-- event, and rows locked in key order so that two statements never deadlock.

CREATE OR REPLACE FUNCTION pair_tally_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO votes_pairtally (first_id, second_id, for_first, for_second, neither, held)
    SELECT DISTINCT first_id, second_id, 0, 0, 0, 0 FROM new_votes ORDER BY 1, 2
    ON CONFLICT (first_id, second_id) DO NOTHING;

    WITH delta AS (
        SELECT first_id, second_id, sum(sign) FILTER (WHERE state = 'counted' AND choice = 'first') AS for_first,
               sum(sign) FILTER (WHERE state = 'counted' AND choice = 'second') AS for_second,
               sum(sign) FILTER (WHERE state = 'counted' AND choice = 'neither') AS neither,
               sum(sign) FILTER (WHERE state = 'held' AND choice <> 'none') AS held
        FROM (SELECT first_id, second_id, state, choice, 1 AS sign FROM new_votes) AS moves
        GROUP BY 1, 2
    ), locked AS (
        SELECT tally.first_id, tally.second_id, delta.for_first, delta.for_second, delta.neither, delta.held
        FROM votes_pairtally AS tally JOIN delta USING (first_id, second_id)
        ORDER BY 1, 2 FOR UPDATE OF tally
    )
    UPDATE votes_pairtally AS tally
    SET for_first = tally.for_first + COALESCE(locked.for_first, 0),
        for_second = tally.for_second + COALESCE(locked.for_second, 0),
        neither = tally.neither + COALESCE(locked.neither, 0),
        held = tally.held + COALESCE(locked.held, 0)
    FROM locked WHERE (tally.first_id, tally.second_id) = (locked.first_id, locked.second_id);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pair_tally_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO votes_pairtally (first_id, second_id, for_first, for_second, neither, held)
    SELECT DISTINCT first_id, second_id, 0, 0, 0, 0 FROM new_votes ORDER BY 1, 2
    ON CONFLICT (first_id, second_id) DO NOTHING;

    WITH delta AS (
        SELECT first_id, second_id, sum(sign) FILTER (WHERE state = 'counted' AND choice = 'first') AS for_first,
               sum(sign) FILTER (WHERE state = 'counted' AND choice = 'second') AS for_second,
               sum(sign) FILTER (WHERE state = 'counted' AND choice = 'neither') AS neither,
               sum(sign) FILTER (WHERE state = 'held' AND choice <> 'none') AS held
        FROM (
            SELECT first_id, second_id, state, choice, 1 AS sign FROM new_votes
            UNION ALL
            SELECT first_id, second_id, state, choice, -1 AS sign FROM old_votes
        ) AS moves
        GROUP BY 1, 2
    ), locked AS (
        SELECT tally.first_id, tally.second_id, delta.for_first, delta.for_second, delta.neither, delta.held
        FROM votes_pairtally AS tally JOIN delta USING (first_id, second_id)
        ORDER BY 1, 2 FOR UPDATE OF tally
    )
    UPDATE votes_pairtally AS tally
    SET for_first = tally.for_first + COALESCE(locked.for_first, 0),
        for_second = tally.for_second + COALESCE(locked.for_second, 0),
        neither = tally.neither + COALESCE(locked.neither, 0),
        held = tally.held + COALESCE(locked.held, 0)
    FROM locked WHERE (tally.first_id, tally.second_id) = (locked.first_id, locked.second_id);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pair_tally_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH delta AS (
        SELECT first_id, second_id, sum(sign) FILTER (WHERE state = 'counted' AND choice = 'first') AS for_first,
               sum(sign) FILTER (WHERE state = 'counted' AND choice = 'second') AS for_second,
               sum(sign) FILTER (WHERE state = 'counted' AND choice = 'neither') AS neither,
               sum(sign) FILTER (WHERE state = 'held' AND choice <> 'none') AS held
        FROM (SELECT first_id, second_id, state, choice, -1 AS sign FROM old_votes) AS moves
        GROUP BY 1, 2
    ), locked AS (
        SELECT tally.first_id, tally.second_id, delta.for_first, delta.for_second, delta.neither, delta.held
        FROM votes_pairtally AS tally JOIN delta USING (first_id, second_id)
        ORDER BY 1, 2 FOR UPDATE OF tally
    )
    UPDATE votes_pairtally AS tally
    SET for_first = tally.for_first + COALESCE(locked.for_first, 0),
        for_second = tally.for_second + COALESCE(locked.for_second, 0),
        neither = tally.neither + COALESCE(locked.neither, 0),
        held = tally.held + COALESCE(locked.held, 0)
    FROM locked WHERE (tally.first_id, tally.second_id) = (locked.first_id, locked.second_id);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION pair_tally_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM votes_pairtally;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER pair_tally_insert AFTER INSERT ON votes_pairvote
    REFERENCING NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION pair_tally_insert();
CREATE OR REPLACE TRIGGER pair_tally_update AFTER UPDATE ON votes_pairvote
    REFERENCING OLD TABLE AS old_votes NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION pair_tally_update();
CREATE OR REPLACE TRIGGER pair_tally_delete AFTER DELETE ON votes_pairvote
    REFERENCING OLD TABLE AS old_votes FOR EACH STATEMENT EXECUTE FUNCTION pair_tally_delete();
CREATE OR REPLACE TRIGGER pair_tally_truncate AFTER TRUNCATE ON votes_pairvote
    FOR EACH STATEMENT EXECUTE FUNCTION pair_tally_truncate();

-- Return what usual_votes returns, for a pair. Pairs have no ledger: this is asked once per hour and pair.
CREATE OR REPLACE FUNCTION usual_pair_votes(of_first bigint, of_second bigint, before timestamptz)
RETURNS double precision LANGUAGE sql STABLE
RETURN (
    SELECT COALESCE(sum(votes), 0) / 2.0 FROM (
        SELECT count(*) AS votes FROM votes_pairvote
        WHERE first_id = of_first AND second_id = of_second AND state = 'counted' AND choice <> 'none'
          AND created_at >= before - interval '7 days' AND created_at < before
        GROUP BY date_trunc('hour', created_at, 'UTC') ORDER BY votes DESC OFFSET 83 LIMIT 2
    ) AS middle
);
