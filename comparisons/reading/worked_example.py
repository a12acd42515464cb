"""The worked example of the methodology page: the choice of its tool, and the steps of its interval."""

import json
from dataclasses import dataclass
from typing import TypedDict

from comparisons.models import Comparison
from tools.models import Tool
from votes.models import Listing
from web.replica import connection

NEWEST_COMPARISONS = 20  # the example is one of their tools


class IntervalSteps(TypedDict):
    """The steps from the votes to their interval. Shares are 0–1; the last four values are percents 0–100."""

    ship: int
    votes: int
    share: float
    z: float
    z_squared: float
    divisor: float
    center: float
    spread: float
    margin: float
    low_share: float
    high_share: float
    percent: int
    low: int
    high: int
    width: int


@dataclass(frozen=True, slots=True)
class ExampleTool:
    """The tool of the example, and its place among all tools of the newest comparisons that the panel has reviewed."""

    tool: Tool
    """Annotated `with_numbers()`."""
    place: int
    of: int


# z as in wilson_low and wilson_high, whose constants are precomputed. A test compares these steps with the functions.
_STEPS = """
SELECT json_build_object(
    'ship', s, 'votes', n, 'share', s::double precision / n, 'z', z, 'z_squared', z * z, 'divisor', n + z * z,
    'center', s + z * z / 2, 'spread', sqrt(s::double precision * (n - s) / n + z * z / 4),
    'margin', z * sqrt(s::double precision * (n - s) / n + z * z / 4),
    'low_share', wilson_low(s, n), 'high_share', wilson_high(s, n),
    'percent', whole_percent(s, n),
    'low', whole_percent(wilson_low(s, n)), 'high', whole_percent(wilson_high(s, n)),
    'width', whole_percent(wilson_high(s, n)) - whole_percent(wilson_low(s, n))
)::text
FROM (VALUES (%s::bigint, %s::bigint, 1.959963984540054::double precision)) AS counts(s, n, z)
"""


def choose_example() -> ExampleTool | None:
    """Return the tool with the most counted votes; among equals, the one that ranks first; None if there is no tool.

    The candidates are the tools of the newest comparisons that the panel has reviewed. A few queries of few rows,
    regardless of the size of the site.
    """
    tools = _ranked_candidates()
    if not tools:
        return None
    place = max(range(len(tools)), key=lambda n: (_count_votes(tools[n]), -n))
    return ExampleTool(tools[place], place + 1, len(tools))


def _ranked_candidates() -> list[Tool]:
    newest = Comparison.objects.published().newest_first().values_list("first", "second")[:NEWEST_COMPARISONS]
    ids = {pk for pair in newest for pk in pair}
    ranked = Listing.objects.at().filter(tool__in=ids, seats__gt=0).ranked().tool_ids()
    return Tool.objects.with_numbers().with_plans().in_order(ranked)


def _count_votes(tool: Tool) -> int:
    community = tool.community  # type: ignore[attr-defined] # annotated
    return community["ship"] + community["skip"] if community else 0


def compute_interval_steps(*, ship: int, votes: int) -> IntervalSteps:
    """Return the interval of `ship` out of `votes` (1 or more) step by step, as the database computes it. One query.

    The formula is Wilson (1927) with numerator and denominator multiplied by the number of votes, as in
    tools/sql/arithmetic.sql.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, [ship, votes])
        steps: IntervalSteps = json.loads(cursor.fetchone()[0])
    return steps
