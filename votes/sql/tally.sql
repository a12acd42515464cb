-- The tally (counts per tool) and the ledger (counts per tool and hour) follow the votes in the same transaction,
-- however they are written.
--
-- A statement-level trigger with transition tables handles one event, so there is one function per event. A statement
-- that touches many votes locks its rows in key order, first those of the tally and then those of the ledger, so that
-- two statements never deadlock. Both tables are spread over the same slots. Withdrawn votes (`none`) count in neither.

-- Return the slot of a visitor. A tool's counts are spread over eight rows, so that concurrent votes rarely wait for
-- each other.
CREATE OR REPLACE FUNCTION vote_slot(visitor uuid) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (get_byte(uuid_send(visitor), 15) & 7)::smallint;

-- New votes only add, so a single upsert creates or raises each row.
CREATE OR REPLACE FUNCTION tally_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM new_votes) THEN -- an upsert that updated an existing vote
        RETURN NULL;
    END IF;

    INSERT INTO votes_tally AS tally (tool_id, slot, ship, skip, held)
    SELECT tool_id, slot, COALESCE(sum(ship) FILTER (WHERE state = 'counted'), 0),
           COALESCE(sum(skip) FILTER (WHERE state = 'counted'), 0),
           COALESCE(sum(ship + skip) FILTER (WHERE state = 'held'), 0)
    FROM (
        SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
               state, rejected_for, (choice = 'ship')::int AS ship, (choice = 'skip')::int AS skip
        FROM new_votes WHERE choice <> 'none'
    ) AS moves
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (tool_id, slot) DO UPDATE
    SET ship = tally.ship + excluded.ship, skip = tally.skip + excluded.skip, held = tally.held + excluded.held;

    INSERT INTO votes_ledgerhour AS ledger (tool_id, hour_at, state, rejected_for, slot, ship, skip)
    SELECT tool_id, hour_at, state, rejected_for, slot, sum(ship), sum(skip)
    FROM (
        SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
               state, rejected_for, (choice = 'ship')::int AS ship, (choice = 'skip')::int AS skip
        FROM new_votes WHERE choice <> 'none'
    ) AS moves
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (tool_id, hour_at, state, rejected_for, slot) DO UPDATE
    SET ship = ledger.ship + excluded.ship, skip = ledger.skip + excluded.skip;
    RETURN NULL;
END $$;

-- A missing row is first inserted with zeros: PostgreSQL checks constraints before it detects a conflict, so an upsert
-- with a negative delta would be refused even where the row exists and the sum is fine.
CREATE OR REPLACE FUNCTION tally_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM old_votes) THEN
        RETURN NULL;
    END IF;

    INSERT INTO votes_tally (tool_id, slot, ship, skip, held)
    SELECT DISTINCT tool_id, slot, 0, 0, 0 FROM (
        SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
               state, rejected_for, (choice = 'ship')::int AS ship, (choice = 'skip')::int AS skip
        FROM new_votes WHERE choice <> 'none'
        UNION ALL
        SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
               state, rejected_for, -(choice = 'ship')::int AS ship, -(choice = 'skip')::int AS skip
        FROM old_votes WHERE choice <> 'none'
    ) AS moves ORDER BY 1, 2
    ON CONFLICT (tool_id, slot) DO NOTHING;

    WITH delta AS (
        SELECT tool_id, slot, COALESCE(sum(ship) FILTER (WHERE state = 'counted'), 0) AS ship,
               COALESCE(sum(skip) FILTER (WHERE state = 'counted'), 0) AS skip,
               COALESCE(sum(ship + skip) FILTER (WHERE state = 'held'), 0) AS held
        FROM (
            SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
                   state, rejected_for, (choice = 'ship')::int AS ship, (choice = 'skip')::int AS skip
            FROM new_votes WHERE choice <> 'none'
            UNION ALL
            SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
                   state, rejected_for, -(choice = 'ship')::int AS ship, -(choice = 'skip')::int AS skip
            FROM old_votes WHERE choice <> 'none'
        ) AS moves
        GROUP BY 1, 2
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
    SELECT DISTINCT tool_id, hour_at, state, rejected_for, slot, 0, 0 FROM (
        SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
               state, rejected_for, (choice = 'ship')::int AS ship, (choice = 'skip')::int AS skip
        FROM new_votes WHERE choice <> 'none'
        UNION ALL
        SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
               state, rejected_for, -(choice = 'ship')::int AS ship, -(choice = 'skip')::int AS skip
        FROM old_votes WHERE choice <> 'none'
    ) AS moves ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (tool_id, hour_at, state, rejected_for, slot) DO NOTHING;

    WITH delta AS (
        SELECT tool_id, hour_at, state, rejected_for, slot, sum(ship) AS ship, sum(skip) AS skip
        FROM (
            SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
                   state, rejected_for, (choice = 'ship')::int AS ship, (choice = 'skip')::int AS skip
            FROM new_votes WHERE choice <> 'none'
            UNION ALL
            SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
                   state, rejected_for, -(choice = 'ship')::int AS ship, -(choice = 'skip')::int AS skip
            FROM old_votes WHERE choice <> 'none'
        ) AS moves
        GROUP BY 1, 2, 3, 4, 5 HAVING sum(ship) <> 0 OR sum(skip) <> 0
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

-- The same without new votes. The constraint refuses to go below zero.
CREATE OR REPLACE FUNCTION tally_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM old_votes) THEN
        RETURN NULL;
    END IF;

    INSERT INTO votes_tally (tool_id, slot, ship, skip, held)
    SELECT DISTINCT tool_id, slot, 0, 0, 0 FROM (
        SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
               state, rejected_for, -(choice = 'ship')::int AS ship, -(choice = 'skip')::int AS skip
        FROM old_votes WHERE choice <> 'none'
    ) AS moves ORDER BY 1, 2
    ON CONFLICT (tool_id, slot) DO NOTHING;

    WITH delta AS (
        SELECT tool_id, slot, COALESCE(sum(ship) FILTER (WHERE state = 'counted'), 0) AS ship,
               COALESCE(sum(skip) FILTER (WHERE state = 'counted'), 0) AS skip,
               COALESCE(sum(ship + skip) FILTER (WHERE state = 'held'), 0) AS held
        FROM (
            SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
                   state, rejected_for, -(choice = 'ship')::int AS ship, -(choice = 'skip')::int AS skip
            FROM old_votes WHERE choice <> 'none'
        ) AS moves
        GROUP BY 1, 2
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
    SELECT DISTINCT tool_id, hour_at, state, rejected_for, slot, 0, 0 FROM (
        SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
               state, rejected_for, -(choice = 'ship')::int AS ship, -(choice = 'skip')::int AS skip
        FROM old_votes WHERE choice <> 'none'
    ) AS moves ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (tool_id, hour_at, state, rejected_for, slot) DO NOTHING;

    WITH delta AS (
        SELECT tool_id, hour_at, state, rejected_for, slot, sum(ship) AS ship, sum(skip) AS skip
        FROM (
            SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
                   state, rejected_for, -(choice = 'ship')::int AS ship, -(choice = 'skip')::int AS skip
            FROM old_votes WHERE choice <> 'none'
        ) AS moves
        GROUP BY 1, 2, 3, 4, 5 HAVING sum(ship) <> 0 OR sum(skip) <> 0
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

CREATE OR REPLACE FUNCTION tally_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM votes_tally;
    DELETE FROM votes_ledgerhour;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER tally_inserted AFTER INSERT ON votes_vote
    REFERENCING NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_inserted();
CREATE OR REPLACE TRIGGER tally_updated AFTER UPDATE ON votes_vote
    REFERENCING OLD TABLE AS old_votes NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_updated();
CREATE OR REPLACE TRIGGER tally_deleted AFTER DELETE ON votes_vote
    REFERENCING OLD TABLE AS old_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_deleted();
CREATE OR REPLACE TRIGGER tally_truncated AFTER TRUNCATE ON votes_vote
    FOR EACH STATEMENT EXECUTE FUNCTION tally_truncated();

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
