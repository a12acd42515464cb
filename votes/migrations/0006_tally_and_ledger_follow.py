"""Tally and ledger follow the votes in the same transaction, whoever writes them and how; casting is one function.

As in 0002: statement-level triggers with transition tables, one for each event. A statement that touches many votes
takes its rows in order, first those of the tally and then those of the ledger, so that two of them never wait for each
other in a circle. Both are spread over the same slots. What is taken back (`none`) stands in neither.
"""

from django.db import migrations

# What some votes add to tally and ledger, or take away again.
MOVES = """
            SELECT tool_id, vote_slot(visitor) AS slot, date_trunc('hour', created_at, 'UTC') AS hour_at,
                   state, rejected_for, {sign}(choice = 'ship')::int AS ship, {sign}(choice = 'skip')::int AS skip
            FROM {rows} WHERE choice <> 'none'"""
IN = MOVES.format(sign="", rows="new_votes")
OUT = MOVES.format(sign="-", rows="old_votes")

# New votes only add, so a row is made or raised in one step.
INSERTED = """
CREATE OR REPLACE FUNCTION tally_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM new_votes) THEN -- an upsert that found its vote
        RETURN NULL;
    END IF;

    INSERT INTO votes_tally AS tally (tool_id, slot, ship, skip, held)
    SELECT tool_id, slot, COALESCE(sum(ship) FILTER (WHERE state = 'counted'), 0),
           COALESCE(sum(skip) FILTER (WHERE state = 'counted'), 0),
           COALESCE(sum(ship + skip) FILTER (WHERE state = 'held'), 0)
    FROM ({moves}
    ) AS moves
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (tool_id, slot) DO UPDATE
    SET ship = tally.ship + excluded.ship, skip = tally.skip + excluded.skip, held = tally.held + excluded.held;

    INSERT INTO votes_ledgerhour AS ledger (tool_id, hour_at, state, rejected_for, slot, ship, skip)
    SELECT tool_id, hour_at, state, rejected_for, slot, sum(ship), sum(skip)
    FROM ({moves}
    ) AS moves
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (tool_id, hour_at, state, rejected_for, slot) DO UPDATE
    SET ship = ledger.ship + excluded.ship, skip = ledger.skip + excluded.skip;
    RETURN NULL;
END $$;
""".replace("{moves}", IN)

# A row that is not there yet is made with zeros first: a constraint would refuse what goes down even where the row that
# it is added to is there. It refuses to go below zero.
MOVED = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM old_votes) THEN
        RETURN NULL;
    END IF;

    INSERT INTO votes_tally (tool_id, slot, ship, skip, held)
    SELECT DISTINCT tool_id, slot, 0, 0, 0 FROM ({moves}
    ) AS moves ORDER BY 1, 2
    ON CONFLICT (tool_id, slot) DO NOTHING;

    WITH delta AS (
        SELECT tool_id, slot, COALESCE(sum(ship) FILTER (WHERE state = 'counted'), 0) AS ship,
               COALESCE(sum(skip) FILTER (WHERE state = 'counted'), 0) AS skip,
               COALESCE(sum(ship + skip) FILTER (WHERE state = 'held'), 0) AS held
        FROM ({moves}
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
    SELECT DISTINCT tool_id, hour_at, state, rejected_for, slot, 0, 0 FROM ({moves}
    ) AS moves ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (tool_id, hour_at, state, rejected_for, slot) DO NOTHING;

    WITH delta AS (
        SELECT tool_id, hour_at, state, rejected_for, slot, sum(ship) AS ship, sum(skip) AS skip
        FROM ({moves}
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
"""
UPDATED = MOVED.format(name="tally_updated", moves=f"{IN}\n            UNION ALL{OUT}")
DELETED = MOVED.format(name="tally_deleted", moves=OUT)

TRUNCATED = """
CREATE OR REPLACE FUNCTION tally_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM votes_tally;
    DELETE FROM votes_ledgerhour;
    RETURN NULL;
END $$;
"""

# All votes there were until now count.
FIRST_ENTRIES = """
INSERT INTO votes_ledgerhour (tool_id, hour_at, state, rejected_for, slot, ship, skip)
SELECT tool_id, hour_at, state, rejected_for, slot, sum(ship), sum(skip)
FROM ({moves}
) AS moves
GROUP BY 1, 2, 3, 4, 5
""".replace("{moves}", IN.replace("new_votes", "votes_vote"))

CASTING = """
-- Set a visitor's vote on a tool; a new one is held for a reason, unless that is "". Says what the row is worth
-- (NULL: there is none) and how the tool stands with it: each statement in here sees what the one before it did.
CREATE FUNCTION cast_vote(
    at_tool bigint, by_visitor uuid, says text, hold_for text, from_network uuid, at timestamptz,
    OUT now_state text, OUT now_ship bigint, OUT now_skip bigint, OUT percent integer, OUT low integer,
    OUT high integer, OUT now_held bigint, OUT is_frozen boolean
) LANGUAGE plpgsql AS $$
BEGIN
    IF says = 'none' THEN
        UPDATE votes_vote AS vote SET choice = 'none', updated_at = at
        WHERE vote.tool_id = at_tool AND vote.visitor = by_visitor AND vote.choice <> 'none';
    ELSE
        INSERT INTO votes_vote AS vote (
            tool_id, visitor, choice, state, held_for, rejected_for, network, created_at, updated_at
        )
        VALUES (
            at_tool, by_visitor, says, CASE WHEN hold_for = '' THEN 'counted' ELSE 'held' END, hold_for, '',
            from_network, at, at
        )
        ON CONFLICT (tool_id, visitor) DO UPDATE SET choice = excluded.choice, updated_at = excluded.updated_at
        WHERE vote.choice <> excluded.choice;
    END IF;

    SELECT vote.state INTO now_state FROM votes_vote AS vote
    WHERE vote.tool_id = at_tool AND vote.visitor = by_visitor;
    SELECT COALESCE(sum(tally.ship), 0), COALESCE(sum(tally.skip), 0), COALESCE(sum(tally.held), 0)
    INTO now_ship, now_skip, now_held FROM votes_tally AS tally WHERE tally.tool_id = at_tool;
    percent := whole_percent(now_ship, now_ship + now_skip);
    low := whole_percent(wilson_low(now_ship, now_ship + now_skip));
    high := whole_percent(wilson_high(now_ship, now_ship + now_skip));
    is_frozen := EXISTS (SELECT FROM votes_freeze AS frozen WHERE frozen.tool_id = at_tool);
END $$;

-- How many votes a tool usually gets in an hour: the median of the seven days before an hour, of what counts. Of 168
-- hours it lies between the 84th and the 85th; those without a vote have no row.
CREATE FUNCTION usual_votes(of_tool bigint, before timestamptz) RETURNS double precision LANGUAGE sql STABLE
RETURN (
    SELECT COALESCE(sum(votes), 0) / 2.0 FROM (
        SELECT sum(ship + skip) AS votes FROM votes_ledgerhour
        WHERE tool_id = of_tool AND state = 'counted' AND hour_at >= before - interval '7 days' AND hour_at < before
        GROUP BY hour_at ORDER BY votes DESC OFFSET 83 LIMIT 2
    ) AS middle
);

-- The log of decisions only grows.
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was decided stays in the log.' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE ON votes_decision
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

-- Neither needs to outlive a crash, and keys must not get into backups of the write-ahead log.
ALTER TABLE votes_networkkey SET UNLOGGED;
ALTER TABLE votes_amount SET UNLOGGED;
ALTER TABLE votes_amount SET (fillfactor = 60); -- rows are raised in place
"""


class Migration(migrations.Migration):
    # Back would mean to lose what moderators decided.
    dependencies = [("votes", "0005_limits_and_moderation"), ("tools", "0003_arithmetic")]
    operations = [migrations.RunSQL(sql) for sql in (INSERTED, UPDATED, DELETED, TRUNCATED, CASTING, FIRST_ENTRIES)]
