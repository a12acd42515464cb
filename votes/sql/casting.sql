-- Set a visitor's vote on a tool. A new vote is held if hold_for gives a reason; '' counts it.
-- Return the state of the row (NULL: there is none) and the numbers of the tool. Each statement in here sees what the
-- previous ones changed, triggers included; a single statement with CTEs would not.
--
-- The tool is locked first, as everyone does (docs/decisions, lock order). The foreign key would lock it only at
-- the commit, when the vote holds the tally and the listing, for which an editor who holds the tool may be waiting.
CREATE OR REPLACE FUNCTION cast_vote(
    at_tool bigint, by_visitor uuid, says text, hold_for text, from_network uuid, at timestamptz,
    OUT now_state text, OUT now_ship bigint, OUT now_skip bigint, OUT percent integer, OUT low integer,
    OUT high integer, OUT now_held bigint, OUT is_frozen boolean
) LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
BEGIN
    PERFORM FROM tools_tool WHERE id = at_tool FOR KEY SHARE;
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

-- Set a visitor's vote between two tools, as cast_vote does on one. The tools are given in the order in which they were
-- shown, and so are what the visitor says and the numbers that are returned. Rows are stored in the order of ids.
CREATE OR REPLACE FUNCTION cast_pair_vote(
    shown_first bigint, shown_second bigint, by_visitor uuid, says text, hold_for text, from_network uuid,
    at timestamptz,
    OUT now_state text, OUT now_first integer, OUT now_second integer, OUT percent integer, OUT low integer,
    OUT high integer, OUT now_neither integer, OUT now_held integer
) LANGUAGE plpgsql SET lock_timeout = '3s' AS $$
DECLARE
    is_swapped boolean := shown_first > shown_second;
    low_id bigint := LEAST(shown_first, shown_second);
    high_id bigint := GREATEST(shown_first, shown_second);
BEGIN
    PERFORM FROM tools_tool WHERE id IN (low_id, high_id) ORDER BY id FOR KEY SHARE;
    IF says = 'none' THEN
        UPDATE votes_pairvote AS vote SET choice = 'none', updated_at = at
        WHERE vote.first_id = low_id AND vote.second_id = high_id AND vote.visitor = by_visitor
          AND vote.choice <> 'none';
    ELSE
        INSERT INTO votes_pairvote AS vote (
            first_id, second_id, visitor, choice, shown_first_id, state, held_for, network, created_at, updated_at
        )
        VALUES (
            low_id, high_id, by_visitor,
            CASE WHEN is_swapped AND says = 'first' THEN 'second' WHEN is_swapped AND says = 'second' THEN 'first'
                 ELSE says END,
            shown_first, CASE WHEN hold_for = '' THEN 'counted' ELSE 'held' END, hold_for, from_network, at, at
        )
        ON CONFLICT (first_id, second_id, visitor) DO UPDATE
        SET choice = excluded.choice, shown_first_id = excluded.shown_first_id, updated_at = excluded.updated_at
        WHERE vote.choice <> excluded.choice;
    END IF;

    SELECT vote.state INTO now_state FROM votes_pairvote AS vote
    WHERE vote.first_id = low_id AND vote.second_id = high_id AND vote.visitor = by_visitor;
    SELECT CASE WHEN is_swapped THEN tally.for_second ELSE tally.for_first END,
           CASE WHEN is_swapped THEN tally.for_first ELSE tally.for_second END, tally.neither, tally.held
    INTO now_first, now_second, now_neither, now_held
    FROM votes_pairtally AS tally WHERE tally.first_id = low_id AND tally.second_id = high_id;
    now_first := COALESCE(now_first, 0);
    now_second := COALESCE(now_second, 0);
    now_neither := COALESCE(now_neither, 0);
    now_held := COALESCE(now_held, 0);
    percent := whole_percent(now_first, now_first + now_second);
    low := whole_percent(wilson_low(now_first, now_first + now_second));
    high := whole_percent(wilson_high(now_first, now_first + now_second));
END $$;
