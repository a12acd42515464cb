"""The worked example of the methodology: which tool it is, and the steps of its interval."""

import json
from dataclasses import dataclass
from typing import TypedDict

from django.db import connection

from comparisons.models import Comparison
from tools.models import Tool
from votes.models import Listing

NEWEST = 20  # comparisons that the example is chosen from


class IntervalSteps(TypedDict):
    """What stands between the votes and their interval. Shares are 0–1, the last four percents 0–100."""

    ship: int
    votes: int
    share: float
    z: float
    z_squared: float
    divisor: float
    centre: float
    spread: float
    margin: float
    low_share: float
    high_share: float
    percent: int
    low: int
    high: int
    width: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A tool of the newest comparisons, and where it stands among those of them that the panel has reviewed."""

    tool: Tool
    """Annotated `with_numbers()`."""
    place: int
    of: int


# z as in the functions, which have their constants worked out; a test holds the steps to what the functions say.
_STEPS = """
SELECT json_build_object(
    'ship', s, 'votes', n, 'share', s::double precision / n, 'z', z, 'z_squared', z * z, 'divisor', n + z * z,
    'centre', s + z * z / 2, 'spread', sqrt(s::double precision * (n - s) / n + z * z / 4),
    'margin', z * sqrt(s::double precision * (n - s) / n + z * z / 4),
    'low_share', wilson_low(s, n), 'high_share', wilson_high(s, n),
    'percent', whole_percent(s, n),
    'low', whole_percent(wilson_low(s, n)), 'high', whole_percent(wilson_high(s, n)),
    'width', whole_percent(wilson_high(s, n)) - whole_percent(wilson_low(s, n))
)::text
FROM (VALUES (%s::bigint, %s::bigint, 1.959963984540054::double precision)) AS counts(s, n, z)
"""


def example() -> Ranked | None:
    """Of the tools of the newest comparisons that have a panel the one with the most counted votes; among equals the
    one that ranks first. None where there is none. A few queries, of few rows however large the site is.
    """
    tools = _candidates()
    if not tools:
        return None
    place = max(range(len(tools)), key=lambda n: (_votes(tools[n]), -n))
    return Ranked(tools[place], place + 1, len(tools))


def _candidates() -> list[Tool]:
    newest = Comparison.objects.published().newest_first().values_list("first", "second")[:NEWEST]
    ids = {pk for pair in newest for pk in pair}
    ranked = Listing.objects.at().filter(tool__in=ids, seats__gt=0).ranked().tool_ids()
    return Tool.objects.with_numbers().with_plans().in_order(ranked)


def _votes(tool: Tool) -> int:
    community = tool.community  # type: ignore[attr-defined] # annotated
    return community["ship"] + community["skip"] if community else 0


def interval_steps(*, ship: int, votes: int) -> IntervalSteps:
    """The interval of `ship` out of `votes` (1 or more) step by step, as the database computes it. One query.

    Wilson (1927), with both sides of the fraction multiplied by the number of votes, as in
    tools/sql/arithmetic.sql.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, [ship, votes])
        steps: IntervalSteps = json.loads(cursor.fetchone()[0])
    return steps
