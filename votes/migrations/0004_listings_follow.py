"""Listings follow tools, plans, reviews and tallies, whoever writes them and how.

What editors write rebuilds a tool's rows; editors wait for each other anyway (tools.ContentRevision). Votes must not: a
popular tool's votes are spread over the slots of its tally, and would all meet again at its one listing. So nobody waits
there for another vote. A vote's trigger takes the row only if it is free, and `VoteQuerySet.cast` looks once more after
its commit, again only if the row is free, and again after it has changed anything. Who holds the row meanwhile is a
vote, which looks after its own commit, or such a look, which looks again: so the last one finds all that was committed.
"""

from django.db import migrations

# Held by whoever rebuilds listings, until it commits.
REBUILDING = 0x115716

FUNCTIONS = """
-- By index whatever the statistics say: a long import begins with plans for the few rows that were there before it.
CREATE FUNCTION rebuild_listings(wanted bigint[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({rebuilding});
    DELETE FROM votes_listing WHERE tool_id = ANY (wanted);

    INSERT INTO votes_listing (
        tool_id, category_id, name, entry, starts_at, ends_at,
        ships, skips, signature, ship, seats, reviewed_at, community_ship, community_skip
    )
    WITH tool AS (
        SELECT * FROM tools_tool
        WHERE id = ANY (wanted) AND published_at IS NOT NULL AND withdrawn_at IS NULL
    ), turn AS (
        -- When a tool comes out, and each later time at which a review of it does.
        SELECT id AS tool_id, published_at AS starts_at FROM tool
        UNION
        SELECT tool.id, review.published_at
        FROM tool JOIN reviews_review AS review ON review.tool_id = tool.id
        WHERE review.withdrawn_at IS NULL
          AND review.published_at > GREATEST(tool.published_at, statement_timestamp())
    )
    SELECT tool.id, tool.category_id, tool.name, way_in.entry,
           turn.starts_at, lead(turn.starts_at) OVER (PARTITION BY tool.id ORDER BY turn.starts_at),
           panel.ships, panel.skips, hashtextextended(concat(panel.ships, panel.skips), 0), cardinality(panel.ships), cardinality(panel.ships) + cardinality(panel.skips),
           panel.reviewed_at, community.ship, community.skip
    FROM tool
    JOIN turn ON turn.tool_id = tool.id
    CROSS JOIN LATERAL (
        SELECT COALESCE(array_agg(reviewer_id ORDER BY reviewer_id) FILTER (WHERE verdict = 'ship'), '{}') AS ships,
               COALESCE(array_agg(reviewer_id ORDER BY reviewer_id) FILTER (WHERE verdict = 'skip'), '{}') AS skips,
               max(published_at) AS reviewed_at
        FROM (
            SELECT DISTINCT ON (reviewer_id) reviewer_id, verdict, published_at
            FROM reviews_review
            WHERE tool_id = tool.id AND withdrawn_at IS NULL
              AND published_at <= GREATEST(turn.starts_at, statement_timestamp())
            ORDER BY reviewer_id, published_at DESC
        ) AS edition
    ) AS panel
    CROSS JOIN LATERAL (
        SELECT CASE WHEN bool_or(kind = 'free') THEN 'free' WHEN bool_or(kind = 'paid') THEN 'paid'
                    WHEN bool_or(kind = 'contact') THEN 'contact' ELSE '' END AS entry
        FROM tools_plan WHERE tool_id = tool.id AND superseded_at IS NULL
    ) AS way_in
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(tally.ship), 0) AS ship, COALESCE(sum(tally.skip), 0) AS skip
        FROM votes_tally AS tally WHERE tally.tool_id = tool.id
    ) AS community;
END $$;

-- Bring the votes of some tools up to date where their tallies say otherwise, and say whether any row was changed: then
-- look again, because others may have left it alone meanwhile. A patient look waits a little for an editor's save.
CREATE FUNCTION settle_listings(wanted bigint[], patient boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    mine bigint[];
BEGIN
    mine := ARRAY(
        SELECT id FROM votes_listing AS listing
        WHERE tool_id = ANY (wanted)
          AND (community_ship, community_skip) <> (
              SELECT COALESCE(sum(tally.ship), 0), COALESCE(sum(tally.skip), 0)
              FROM votes_tally AS tally WHERE tally.tool_id = listing.tool_id
          )
        FOR UPDATE SKIP LOCKED
    );
    IF mine <> '{}' THEN
        -- A statement of its own, so that it sees all votes that were committed before the rows were had.
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

    IF patient AND NOT pg_try_advisory_xact_lock_shared({rebuilding}) THEN
        BEGIN
            PERFORM set_config('lock_timeout', '200ms', true);
            PERFORM pg_advisory_xact_lock_shared({rebuilding});
            RETURN true;
        EXCEPTION WHEN lock_not_available THEN
            NULL; -- a long import: the next vote on the tool sets it right
        END;
    END IF;
    RETURN false;
END $$;

-- Argument: the column that holds a tool's id.
CREATE FUNCTION listings_follow() RETURNS trigger LANGUAGE plpgsql AS $$
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
    ELSIF TG_TABLE_NAME = 'votes_tally' THEN
        PERFORM settle_listings(touched, false);
    ELSE
        PERFORM rebuild_listings(touched);
    END IF;
    RETURN NULL;
END $$;
""".replace("{rebuilding}", str(REBUILDING))

UNDO = """
DROP FUNCTION listings_follow();
DROP FUNCTION settle_listings(bigint[], boolean);
DROP FUNCTION rebuild_listings(bigint[]);
"""

EVENTS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "NEW TABLE AS new_rows OLD TABLE AS old_rows",
    "delete": "OLD TABLE AS old_rows",
}


def followed(table: str, column: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        [
            f"CREATE TRIGGER listings_follow_{event} AFTER {event} ON {table} REFERENCING {rows} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION listings_follow('{column}')"
            for event, rows in EVENTS.items()
        ],
        [f"DROP TRIGGER listings_follow_{event} ON {table}" for event in EVENTS],
    )


class Migration(migrations.Migration):
    dependencies = [("votes", "0003_listing"), ("reviews", "0002_published_words_stay")]

    operations = [
        migrations.RunSQL(FUNCTIONS, UNDO),
        followed("tools_tool", "id"),
        followed("tools_plan", "tool_id"),
        followed("reviews_review", "tool_id"),
        followed("votes_tally", "tool_id"),
        migrations.RunSQL("SELECT rebuild_listings(ARRAY(SELECT id FROM tools_tool))", migrations.RunSQL.noop),
    ]
