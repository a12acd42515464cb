-- The rule for "published", for every SQL statement. The ORM has it in tools/publishing.py.

-- Return whether the public sees a row at an instant; NULL, which is not true, for a draft. At 'infinity', scheduled
-- rows count too. The planner inlines the expression, so indexes on published_at serve it.
CREATE OR REPLACE FUNCTION is_published(published_at timestamptz, withdrawn_at timestamptz, at timestamptz)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN published_at <= at AND withdrawn_at IS NULL;
