"""The site's arithmetic. Percentages and the Wilson interval are computed in the database and nowhere else.

The formulas, with their source, are SQL functions in tools/sql/arithmetic.sql.
"""

from django.db.models import FloatField, Func, IntegerField


class WholePercent(Func):
    """A share (0–1), or a part and its total, as a whole percent (0–100) rounded half up; NULL if the total is 0."""

    function = "whole_percent"
    output_field = IntegerField()


class WilsonLow(Func):
    """The lower bound of the 95% Wilson score interval of successes and trials, as a share (0–1); NULL for 0 trials."""

    function = "wilson_low"
    arity = 2
    output_field = FloatField()


class WilsonHigh(Func):
    """The upper bound of the same interval."""

    function = "wilson_high"
    arity = 2
    output_field = FloatField()
