-- The site's arithmetic. Every percentage and interval is computed here; tools/expressions.py has the Django names.
-- Generated columns of votes_listing store results of these functions: changing a formula does not recompute them.

-- Return share of total as a whole percent 0-100, half rounded up; NULL when total is 0.
CREATE OR REPLACE FUNCTION whole_percent(share bigint, total bigint) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((200 * share + total) / NULLIF(2 * total, 0))::integer;

-- Return a share 0-1 as a whole percent 0-100, half rounded up.
CREATE OR REPLACE FUNCTION whole_percent(share double precision) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(share * 100 + 0.5)::integer;

-- Return an end of the 95% Wilson score interval for s successes out of n, as a share 0-1; NULL when n is 0.
-- Wilson, E. B. (1927), JASA 22(158), 209-212: (p + z2/2n +- z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n), here with s = pn
-- and both sides of the fraction multiplied by n; z = 1.959963984540054, the 97.5% quantile of the normal distribution.
-- s = 0 and s = n are special-cased: the end is exactly 0 or 1, and floating point would leave a residue that sorts.
CREATE OR REPLACE FUNCTION wilson_low(s bigint, n bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN n = 0 THEN NULL WHEN s = 0 THEN 0 ELSE
    (s + 1.9207294103470627 - 1.959963984540054 * sqrt(s::double precision * (n - s) / n + 0.9603647051735313))
    / (n + 3.8414588206941254)
END;

CREATE OR REPLACE FUNCTION wilson_high(s bigint, n bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN n = 0 THEN NULL WHEN s = n THEN 1 ELSE
    (s + 1.9207294103470627 + 1.959963984540054 * sqrt(s::double precision * (n - s) / n + 0.9603647051735313))
    / (n + 3.8414588206941254)
END;
