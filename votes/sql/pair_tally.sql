-- The tally of pair votes follows them in the same transaction, as tally.sql does for votes on tools: rows are locked in
-- key order, so that two statements never deadlock.

-- Return what votes change in the tally: those that a statement has written count, and those that it has replaced or
-- deleted are taken back.
CREATE OR REPLACE FUNCTION pair_tally_changes(written votes_pairvote[], gone votes_pairvote[])
RETURNS TABLE (
    first_id bigint, second_id bigint, for_first integer, for_second integer, neither integer, held integer
) LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT vote.first_id, vote.second_id,
           sign * (vote.state = 'counted' AND vote.choice = 'first')::integer,
           sign * (vote.state = 'counted' AND vote.choice = 'second')::integer,
           sign * (vote.state = 'counted' AND vote.choice = 'neither')::integer,
           sign * (vote.state = 'held' AND vote.choice <> 'none')::integer
    FROM (
        SELECT first_id, second_id, state, choice, 1 AS sign FROM unnest(written)
        UNION ALL
        SELECT first_id, second_id, state, choice, -1 AS sign FROM unnest(gone)
    ) AS vote;
END;

-- Add up what a statement has changed. A trigger with transition tables handles one event, so there is one for each.
CREATE OR REPLACE FUNCTION tally_pair_votes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written votes_pairvote[] := '{}';
    gone votes_pairvote[] := '{}';
BEGIN
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        written := ARRAY(SELECT ROW(new_votes.*)::votes_pairvote FROM new_votes);
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        gone := ARRAY(SELECT ROW(old_votes.*)::votes_pairvote FROM old_votes);
    END IF;
    IF (written, gone) = ('{}', '{}') THEN -- an upsert fires the triggers of both events
        RETURN NULL;
    END IF;

    IF TG_OP <> 'DELETE' THEN -- the tally of a tool that is deleted may be gone already
        INSERT INTO votes_pairtally (first_id, second_id, for_first, for_second, neither, held)
        SELECT DISTINCT first_id, second_id, 0, 0, 0, 0 FROM unnest(written) ORDER BY 1, 2
        ON CONFLICT (first_id, second_id) DO NOTHING;
    END IF;

    WITH delta AS (
        SELECT first_id, second_id, sum(for_first) AS for_first, sum(for_second) AS for_second,
               sum(neither) AS neither, sum(held) AS held
        FROM pair_tally_changes(written, gone) GROUP BY 1, 2
    ), locked AS (
        SELECT tally.first_id, tally.second_id, delta.for_first, delta.for_second, delta.neither, delta.held
        FROM votes_pairtally AS tally JOIN delta USING (first_id, second_id)
        WHERE (delta.for_first, delta.for_second, delta.neither, delta.held) <> (0, 0, 0, 0)
        ORDER BY 1, 2 FOR UPDATE OF tally
    )
    UPDATE votes_pairtally AS tally
    SET for_first = tally.for_first + locked.for_first, for_second = tally.for_second + locked.for_second,
        neither = tally.neither + locked.neither, held = tally.held + locked.held
    FROM locked WHERE (tally.first_id, tally.second_id) = (locked.first_id, locked.second_id);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION empty_pair_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM votes_pairtally;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER pair_tally_insert AFTER INSERT ON votes_pairvote
    REFERENCING NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_pair_votes();
CREATE OR REPLACE TRIGGER pair_tally_update AFTER UPDATE ON votes_pairvote
    REFERENCING OLD TABLE AS old_votes NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_pair_votes();
CREATE OR REPLACE TRIGGER pair_tally_delete AFTER DELETE ON votes_pairvote
    REFERENCING OLD TABLE AS old_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_pair_votes();
CREATE OR REPLACE TRIGGER pair_tally_truncate AFTER TRUNCATE ON votes_pairvote
    FOR EACH STATEMENT EXECUTE FUNCTION empty_pair_tally();

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
