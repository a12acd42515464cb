-- Arithmetic of listings. The table votes_listing has generated columns that call these functions and those of
-- tools/sql/arithmetic.sql, so this file runs before the table is created.

-- Return by how many percentage points panel and community differ, or NULL unless they disagree: they are on different
-- sides of 50%, and the community's 95% interval is clear of it, in whole percents. Ratio.side and Panel.side say the same.
CREATE OR REPLACE FUNCTION panel_gap(ship bigint, seats bigint, community_ship bigint, community_skip bigint)
RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN 2 * ship < seats AND whole_percent(wilson_low(community_ship, community_ship + community_skip)) > 50
      OR 2 * ship > seats AND whole_percent(wilson_high(community_ship, community_ship + community_skip)) < 50
    THEN abs(whole_percent(ship, seats) - whole_percent(community_ship, community_ship + community_skip))
END;

-- Return how many of ids are among others.
CREATE OR REPLACE FUNCTION count_among(ids bigint[], others bigint[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT count(*) FROM unnest(ids) AS id WHERE id = ANY (others));
