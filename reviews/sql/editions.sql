-- The rule for "current", for every SQL statement. The ORM has it in reviews/models.py (ReviewQuerySet.current).

-- Return the newest published edition of each reviewer and tool at an instant. A tool that is not public has current
-- reviews too. The planner inlines this, so conditions on it use the indexes of the table.
CREATE OR REPLACE FUNCTION current_reviews(at timestamptz) RETURNS SETOF reviews_review
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT review.* FROM reviews_review AS review
    WHERE is_published(review.published_at, review.withdrawn_at, at)
      AND NOT EXISTS (
          SELECT FROM reviews_review AS newer
          WHERE newer.tool_id = review.tool_id AND newer.reviewer_id = review.reviewer_id
            AND newer.published_at > review.published_at
            AND is_published(newer.published_at, newer.withdrawn_at, at)
      )
$$;
