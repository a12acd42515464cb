-- The tally (counts per tool) and the ledger (counts per tool and hour) follow the votes in the same transaction,
-- however they are written.
--
-- A statement that touches many votes locks its rows in key order, first those of the tally and then those of the ledger,
-- so that two statements never deadlock. Both tables are spread over the same slots. Withdrawn votes (`none`) count in
-- neither.

-- Return the slot of a visitor. A tool's counts are spread over eight rows, so that concurrent votes rarely wait for
-- each other.
CREATE OR REPLACE FUNCTION vote_slot(visitor uuid) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (get_byte(uuid_send(visitor), 15) & 7)::smallint;

-- Return what votes change in the ledger: those that a statement has written count, and those that it has replaced or
-- deleted are taken back.
CREATE OR REPLACE FUNCTION ledger_changes(written votes_vote[], gone votes_vote[])
RETURNS TABLE (
    tool_id bigint, hour_at timestamptz, state text, rejected_for text, slot smallint, ship integer, skip integer
) LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT vote.tool_id, date_trunc('hour', vote.created_at, 'UTC'), vote.state, vote.rejected_for,
           vote_slot(vote.visitor), sign * (vote.choice = 'ship')::integer, sign * (vote.choice = 'skip')::integer
    FROM (
        SELECT tool_id, visitor, created_at, state, rejected_for, choice, 1 AS sign FROM unnest(written)
        UNION ALL
        SELECT tool_id, visitor, created_at, state, rejected_for, choice, -1 AS sign FROM unnest(gone)
    ) AS vote
    WHERE vote.choice <> 'none';
END;

-- Add up what a statement has changed. A trigger with transition tables handles one event, so there is one for each.
--
-- Missing rows are first inserted with zeros: PostgreSQL checks constraints before it detects a conflict, so an upsert that
-- takes away would be refused even where the row exists and the sum is fine. The constraint refuses to go below zero.
CREATE OR REPLACE FUNCTION tally_votes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written votes_vote[] := '{}';
    gone votes_vote[] := '{}';
BEGIN
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        written := ARRAY(SELECT ROW(new_votes.*)::votes_vote FROM new_votes);
    END IF;
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        gone := ARRAY(SELECT ROW(old_votes.*)::votes_vote FROM old_votes);
    END IF;
    IF (written, gone) = ('{}', '{}') THEN -- an upsert fires the triggers of both events
        RETURN NULL;
    END IF;

    INSERT INTO votes_tally (tool_id, slot, ship, skip, held)
    SELECT DISTINCT tool_id, slot, 0, 0, 0 FROM ledger_changes(written, gone) ORDER BY 1, 2
    ON CONFLICT (tool_id, slot) DO NOTHING;

    WITH delta AS (
        SELECT tool_id, slot, COALESCE(sum(ship) FILTER (WHERE state = 'counted'), 0) AS ship,
               COALESCE(sum(skip) FILTER (WHERE state = 'counted'), 0) AS skip,
               COALESCE(sum(ship + skip) FILTER (WHERE state = 'held'), 0) AS held
        FROM ledger_changes(written, gone) GROUP BY 1, 2
    ), locked AS (
        SELECT tally.tool_id, tally.slot, delta.ship, delta.skip, delta.held
        FROM votes_tally AS tally JOIN delta USING (tool_id, slot)
        WHERE (delta.ship, delta.skip, delta.held) <> (0, 0, 0)
        ORDER BY 1, 2 FOR UPDATE OF tally
    )
    UPDATE votes_tally AS tally
    SET ship = tally.ship + locked.ship, skip = tally.skip + locked.skip, held = tally.held + locked.held
    FROM locked WHERE (tally.tool_id, tally.slot) = (locked.tool_id, locked.slot);

    INSERT INTO votes_ledgerhour (tool_id, hour_at, state, rejected_for, slot, ship, skip)
    SELECT DISTINCT tool_id, hour_at, state, rejected_for, slot, 0, 0 FROM ledger_changes(written, gone) ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (tool_id, hour_at, state, rejected_for, slot) DO NOTHING;

    WITH delta AS (
        SELECT tool_id, hour_at, state, rejected_for, slot, sum(ship) AS ship, sum(skip) AS skip
        FROM ledger_changes(written, gone) GROUP BY 1, 2, 3, 4, 5 HAVING sum(ship) <> 0 OR sum(skip) <> 0
    ), locked AS (
        SELECT ledger.tool_id, ledger.hour_at, ledger.state, ledger.rejected_for, ledger.slot, delta.ship, delta.skip
        FROM votes_ledgerhour AS ledger JOIN delta USING (tool_id, hour_at, state, rejected_for, slot)
        ORDER BY 1, 2, 3, 4, 5 FOR UPDATE OF ledger
    )
    UPDATE votes_ledgerhour AS ledger SET ship = ledger.ship + locked.ship, skip = ledger.skip + locked.skip
    FROM locked
    WHERE (ledger.tool_id, ledger.hour_at, ledger.state, ledger.rejected_for, ledger.slot)
        = (locked.tool_id, locked.hour_at, locked.state, locked.rejected_for, locked.slot);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION empty_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM votes_tally;
    DELETE FROM votes_ledgerhour;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER tally_insert AFTER INSERT ON votes_vote
    REFERENCING NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_votes();
CREATE OR REPLACE TRIGGER tally_update AFTER UPDATE ON votes_vote
    REFERENCING OLD TABLE AS old_votes NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_votes();
CREATE OR REPLACE TRIGGER tally_delete AFTER DELETE ON votes_vote
    REFERENCING OLD TABLE AS old_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_votes();
CREATE OR REPLACE TRIGGER tally_truncate AFTER TRUNCATE ON votes_vote
    FOR EACH STATEMENT EXECUTE FUNCTION empty_tally();

-- Return how many votes a tool usually gets per hour: the median over the seven days before an hour, of counted votes.
-- Of 168 hours it lies between the 84th and the 85th. Hours without votes have no row and rank last.
CREATE OR REPLACE FUNCTION usual_votes(of_tool bigint, before timestamptz) RETURNS double precision LANGUAGE sql STABLE
RETURN (
    SELECT COALESCE(sum(votes), 0) / 2.0 FROM (
        SELECT sum(ship + skip) AS votes FROM votes_ledgerhour
        WHERE tool_id = of_tool AND state = 'counted' AND hour_at >= before - interval '7 days' AND hour_at < before
        GROUP BY hour_at ORDER BY votes DESC OFFSET 83 LIMIT 2
    ) AS middle
);
