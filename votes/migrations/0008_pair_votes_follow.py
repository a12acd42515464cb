"""The tally of pair votes follows them in the same transaction, whoever writes them and how (as migration 0002 does).

Statement-level triggers with transition tables take one event each, so there are three. Tally rows are taken in the
order of their pairs, so that two statements never wait for each other in a circle.
"""

from django.db import migrations

ZEROS = """
    INSERT INTO votes_pairtally (first_id, second_id, for_first, for_second, neither, held)
    SELECT DISTINCT first_id, second_id, 0, 0, 0, 0 FROM new_votes ORDER BY 1, 2
    ON CONFLICT (first_id, second_id) DO NOTHING;
"""

MOVE = """
    WITH delta AS (
        SELECT first_id, second_id, sum(sign) FILTER (WHERE state = 'counted' AND choice = 'first') AS for_first,
               sum(sign) FILTER (WHERE state = 'counted' AND choice = 'second') AS for_second,
               sum(sign) FILTER (WHERE state = 'counted' AND choice = 'neither') AS neither,
               sum(sign) FILTER (WHERE state = 'held' AND choice <> 'none') AS held
        FROM ({moves}) AS moves
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
"""
ENTER = "SELECT first_id, second_id, state, choice, 1 AS sign FROM new_votes"
LEAVE = "SELECT first_id, second_id, state, choice, -1 AS sign FROM old_votes"

# By event: what the function does, and the transition tables it takes.
EVENTS = {
    "insert": (ZEROS + MOVE.format(moves=ENTER), "REFERENCING NEW TABLE AS new_votes"),
    "update": (
        ZEROS + MOVE.format(moves=f"{ENTER} UNION ALL {LEAVE}"),
        "REFERENCING OLD TABLE AS old_votes NEW TABLE AS new_votes",
    ),
    "delete": (MOVE.format(moves=LEAVE), "REFERENCING OLD TABLE AS old_votes"),
    "truncate": ("DELETE FROM votes_pairtally;", ""),
}


def follow(event):
    body, tables = EVENTS[event]
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION pair_tally_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {body}
            RETURN NULL;
        END $$;
        CREATE TRIGGER pair_tally_{event} AFTER {event.upper()} ON votes_pairvote
            {tables} FOR EACH STATEMENT EXECUTE FUNCTION pair_tally_{event}();
        """,
        f"DROP TRIGGER pair_tally_{event} ON votes_pairvote; DROP FUNCTION pair_tally_{event}();",
    )


class Migration(migrations.Migration):
    dependencies = [("votes", "0007_pair_votes")]
    operations = [follow(event) for event in EVENTS]
