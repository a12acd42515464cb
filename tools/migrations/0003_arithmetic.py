"""The site's arithmetic as SQL functions, so that every query says it in a word (tools/expressions.py)."""

from django.db import migrations

FUNCTIONS = """
-- share of total as a whole percent 0-100, half rounded up; NULL when total is 0.
CREATE FUNCTION whole_percent(share bigint, total bigint) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((200 * share + total) / NULLIF(2 * total, 0))::integer;

-- A share 0-1 as a whole percent 0-100, half rounded up.
CREATE FUNCTION whole_percent(share double precision) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(share * 100 + 0.5)::integer;

-- The ends of the 95% Wilson score interval of s successes out of n, as shares 0-1; NULL when n is 0.
-- Wilson, E. B. (1927), JASA 22(158), 209-212: (p + z2/2n +- z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n), written with
-- s = p n and both sides of the fraction multiplied by n; z = 1.959963984540054, the normal's 97.5% quantile.
-- Nobody and everybody are told apart first: the end is exactly 0 or 1 there, where floating point leaves a residue
-- that would sort.
CREATE FUNCTION wilson_low(s bigint, n bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN n = 0 THEN NULL WHEN s = 0 THEN 0 ELSE
    (s + 1.9207294103470627 - 1.959963984540054 * sqrt(s::double precision * (n - s) / n + 0.9603647051735313))
    / (n + 3.8414588206941254)
END;

CREATE FUNCTION wilson_high(s bigint, n bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN n = 0 THEN NULL WHEN s = n THEN 1 ELSE
    (s + 1.9207294103470627 + 1.959963984540054 * sqrt(s::double precision * (n - s) / n + 0.9603647051735313))
    / (n + 3.8414588206941254)
END;
"""

UNDO = """
DROP FUNCTION wilson_high(bigint, bigint);
DROP FUNCTION wilson_low(bigint, bigint);
DROP FUNCTION whole_percent(double precision);
DROP FUNCTION whole_percent(bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("tools", "0002_revision_and_former_slugs")]
    operations = [migrations.RunSQL(FUNCTIONS, UNDO)]
