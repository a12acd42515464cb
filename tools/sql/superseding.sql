-- What became of superseded plans and facts (tools/models/sourced.py). A row with `added_at` begins there; any other one
-- begins where the row before it of the same name or attribute was superseded.

-- Return the plan that continues one of this name that was superseded at a time: the next one of the same name, or the
-- one that was renamed then. Return no row if the plan ended.
CREATE OR REPLACE FUNCTION plan_after(tool bigint, plan_name text, ended timestamptz) RETURNS SETOF tools_plan
LANGUAGE sql STABLE AS $$
    SELECT * FROM (
        SELECT later.* FROM tools_plan AS later
        WHERE later.tool_id = tool AND (
            (later.name = plan_name AND (later.superseded_at IS NULL OR later.superseded_at > ended))
            OR (later.renamed_from = plan_name AND later.added_at = ended)
        )
        ORDER BY later.added_at IS NOT DISTINCT FROM ended DESC, later.superseded_at LIMIT 1
    ) AS next WHERE next.added_at IS NULL OR next.added_at = ended
$$;

-- Return the fact that continues one of this attribute that was superseded at a time, if there is one.
CREATE OR REPLACE FUNCTION fact_after(tool bigint, attribute bigint, ended timestamptz) RETURNS SETOF tools_fact
LANGUAGE sql STABLE AS $$
    SELECT * FROM (
        SELECT later.* FROM tools_fact AS later
        WHERE later.tool_id = tool AND later.attribute_id = attribute
          AND (later.superseded_at IS NULL OR later.superseded_at > ended)
        ORDER BY later.superseded_at LIMIT 1
    ) AS next WHERE next.added_at IS NULL OR next.added_at = ended
$$;
