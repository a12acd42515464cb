"""The tally follows the votes in the same transaction, whoever writes them and how.

Statement-level triggers with transition tables take one event each, so there are three. A statement that touches many
votes takes its tally rows in the order of (tool, slot), so that two of them never wait for each other in a circle.
"""

from django.db import migrations

TALLY = """
CREATE FUNCTION vote_slot(visitor uuid) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (get_byte(uuid_send(visitor), 15) & 7)::smallint;

-- New votes only add, so the row is made or raised in one step.
CREATE FUNCTION tally_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO votes_tally AS tally (tool_id, slot, ship, skip)
    SELECT tool_id, vote_slot(visitor) AS slot,
           count(*) FILTER (WHERE choice = 'ship'), count(*) FILTER (WHERE choice = 'skip')
    FROM new_votes GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (tool_id, slot) DO UPDATE
    SET ship = tally.ship + excluded.ship, skip = tally.skip + excluded.skip;
    RETURN NULL;
END $$;

-- What leaves was counted before, so its row is there already; a constraint refuses to go below zero.
CREATE FUNCTION tally_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH delta AS (
        SELECT tool_id, vote_slot(visitor) AS slot,
               count(*) FILTER (WHERE choice = 'ship') AS ship, count(*) FILTER (WHERE choice = 'skip') AS skip
        FROM old_votes GROUP BY 1, 2
    ), locked AS (
        SELECT tally.tool_id, tally.slot, delta.ship, delta.skip
        FROM votes_tally AS tally JOIN delta USING (tool_id, slot)
        ORDER BY 1, 2 FOR UPDATE OF tally
    )
    UPDATE votes_tally AS tally SET ship = tally.ship - locked.ship, skip = tally.skip - locked.skip
    FROM locked WHERE (tally.tool_id, tally.slot) = (locked.tool_id, locked.slot);
    RETURN NULL;
END $$;

CREATE FUNCTION tally_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Zero rows for slots that a moved vote (another tool, another visitor) enters for the first time.
    INSERT INTO votes_tally (tool_id, slot, ship, skip)
    SELECT DISTINCT tool_id, vote_slot(visitor), 0, 0 FROM new_votes ORDER BY 1, 2
    ON CONFLICT (tool_id, slot) DO NOTHING;

    WITH delta AS (
        SELECT tool_id, slot, sum(ship) AS ship, sum(skip) AS skip
        FROM (
            SELECT tool_id, vote_slot(visitor) AS slot,
                   (choice = 'ship')::int AS ship, (choice = 'skip')::int AS skip
            FROM new_votes
            UNION ALL
            SELECT tool_id, vote_slot(visitor), -(choice = 'ship')::int, -(choice = 'skip')::int
            FROM old_votes
        ) AS moves
        GROUP BY 1, 2 HAVING sum(ship) <> 0 OR sum(skip) <> 0
    ), locked AS (
        SELECT tally.tool_id, tally.slot, delta.ship, delta.skip
        FROM votes_tally AS tally JOIN delta USING (tool_id, slot)
        ORDER BY 1, 2 FOR UPDATE OF tally
    )
    UPDATE votes_tally AS tally SET ship = tally.ship + locked.ship, skip = tally.skip + locked.skip
    FROM locked WHERE (tally.tool_id, tally.slot) = (locked.tool_id, locked.slot);
    RETURN NULL;
END $$;

CREATE FUNCTION tally_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM votes_tally;
    RETURN NULL;
END $$;

CREATE TRIGGER tally_inserted AFTER INSERT ON votes_vote
    REFERENCING NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_inserted();
CREATE TRIGGER tally_updated AFTER UPDATE ON votes_vote
    REFERENCING OLD TABLE AS old_votes NEW TABLE AS new_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_updated();
CREATE TRIGGER tally_deleted AFTER DELETE ON votes_vote
    REFERENCING OLD TABLE AS old_votes FOR EACH STATEMENT EXECUTE FUNCTION tally_deleted();
CREATE TRIGGER tally_truncated AFTER TRUNCATE ON votes_vote
    FOR EACH STATEMENT EXECUTE FUNCTION tally_truncated();
"""

UNDO = """
DROP TRIGGER tally_inserted ON votes_vote;
DROP TRIGGER tally_updated ON votes_vote;
DROP TRIGGER tally_deleted ON votes_vote;
DROP TRIGGER tally_truncated ON votes_vote;
DROP FUNCTION tally_inserted();
DROP FUNCTION tally_updated();
DROP FUNCTION tally_deleted();
DROP FUNCTION tally_truncated();
DROP FUNCTION vote_slot(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("votes", "0001_initial")]
    operations = [migrations.RunSQL(TALLY, UNDO)]
