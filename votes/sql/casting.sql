-- Set a visitor's vote on a tool. A new vote is held if hold_for gives a reason; '' counts it.
-- Return the state of the row (NULL: there is none) and how the tool stands now. Each statement in here sees what the
-- previous ones changed, triggers included; a single statement with CTEs would not.
CREATE OR REPLACE FUNCTION cast_vote(
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
