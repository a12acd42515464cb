-- What plans cost. Listings store results of this function (votes/sql/listings.sql): a migration that changes it rebuilds
-- them.

-- Return what a plan costs a month with the fewest seats that it is sold for, in its currency: 0 if it is free; NULL if
-- that depends on use, or on a talk with sales, or if it is paid once.
CREATE OR REPLACE FUNCTION monthly_price(
    kind text, amount numeric, period text, per_seat boolean, minimum_seats integer
) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN kind = 'free' THEN 0
    WHEN period IN ('month', 'year') THEN
        CASE WHEN per_seat THEN COALESCE(minimum_seats, 1) ELSE 1 END * amount
        / CASE period WHEN 'month' THEN 1 ELSE 12 END
END;
