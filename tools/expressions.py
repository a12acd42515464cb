"""The site's arithmetic, as SQL: percentages and the Wilson interval are computed in the database and nowhere else."""

from django.db import models
from django.db.models import Case, F, Func, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, NullIf, Sqrt

Z95 = 1.959963984540054  # the 97.5% quantile of the normal distribution: 95% two-sided


def percent(share: str, total: str) -> Combinable:
    """`share` of `total` as a whole percent 0–100, half rounded up, in integers; NULL when `total` is 0.

    Takes the names of two integer columns or annotations.
    """
    double_total = NullIf(Cast(F(total) * 2, models.BigIntegerField()), Value(0))
    return Cast((F(share) * 200 + F(total)) / double_total, models.IntegerField())


def wilson(successes: str, total: str) -> tuple[Combinable, Combinable]:
    """The two ends of the 95% Wilson score interval of `successes` out of `total`, as shares 0–1; NULL for 0 trials.

    Takes the names of two integer columns or annotations.
    Wilson, E. B. (1927), JASA 22(158), 209–212: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n),
    written here with s = p·n and numerator and denominator multiplied by n:
    (s + z²/2 ± z·√(s(n−s)/n + z²/4)) / (n + z²).
    """
    n = Cast(F(total), models.FloatField())
    s = Cast(F(successes), models.FloatField())
    middle = s + Value(Z95**2 / 2)
    reach = Value(Z95) * Sqrt(s * (n - s) / n + Value(Z95**2 / 4))
    scale = n + Value(Z95**2)
    none = When(**{total: 0}, then=Value(None))
    # Nobody or everybody: the end is exactly 0 or 1, where floating point would leave a residue that sorts.
    low = Case(
        none,
        When(**{successes: 0}, then=Value(0.0)),
        default=(middle - reach) / scale,
        output_field=models.FloatField(),
    )
    high = Case(
        none,
        When(**{successes: F(total)}, then=Value(1.0)),
        default=(middle + reach) / scale,
        output_field=models.FloatField(),
    )
    return low, high


def whole_percent(share: Combinable) -> Func:
    """A share 0–1 as a whole percent 0–100, half rounded up."""
    return Cast(Func(share * Value(100.0) + Value(0.5), function="FLOOR"), models.IntegerField())
