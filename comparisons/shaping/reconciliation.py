"""How panel, visitors, and the pair vote on two tools fit together: words and the drawing's text. No queries."""

from collections.abc import Sequence
from typing import NamedTuple

from reviews.panel import Panel
from votes.community import Community
from votes.preference import Preference
from web.words import isolate_name


class Opinions(NamedTuple):
    """What panel and visitors say about one tool."""

    name: str
    panel: Panel
    community: Community


def reconcile(tools: Sequence[Opinions], preference: Preference) -> str:
    """Return how what visitors say about each of two tools, and the one they would choose, stand to the panel.

    Returns "" while there are too few votes of either kind.
    """
    sentences = [_describe_visitors(tools), _describe_choice(tools, preference)]
    return " ".join(sentence for sentence in sentences if sentence)


def _describe_visitors(tools: Sequence[Opinions]) -> str:
    if not all(tool.community.has_number for tool in tools):
        return ""
    (one, two), (first, second) = ([isolate_name(tool.name) for tool in tools], [tool.community.side for tool in tools])
    opening = "Asked about each tool alone, visitors"
    if first == second:
        return {
            1: f"{opening} would ship both.",
            -1: f"{opening} would skip both.",
            0: f"{opening} are too close to call on both.",
        }[first]
    words = {1: "would ship", -1: "would skip", 0: "are too close to call on"}
    return f"{opening} {words[first]} {one} and {words[second]} {two}."


def _describe_choice(tools: Sequence[Opinions], preference: Preference) -> str:
    if not preference.has_number:
        return ""
    if not preference.side:
        return "Made to choose, they are too close to call."
    chosen, other = tools if preference.side > 0 else tools[::-1]
    percent = max(preference.percent or 0, 100 - (preference.percent or 0))
    ahead = chosen.panel.ship * other.panel.seats - other.panel.ship * chosen.panel.seats
    name = isolate_name(chosen.name)
    if not chosen.panel.seats or not other.panel.seats:
        return f"Made to choose, {percent}% pick {name}."
    if ahead == 0:
        return f"Made to choose, {percent}% pick {name}: visitors break the panel’s tie."
    return f"Made to choose, {percent}% pick {name}, {'as' if ahead > 0 else 'unlike'} the panel."
