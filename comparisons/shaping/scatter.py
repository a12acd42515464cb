"""Panel against visitors as a scatter: where each tool of a list stands, in percent of the drawing. No queries."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from comparisons.shaping.tool_columns import Card
from web.words import shorten

INSET = 8  # percent left free at each side, so that no dot stands on the edge
LABEL_HEIGHT = 6  # percent
CORNER = 11  # percent from above and below, where the corners have words
NEAR = 100 // 3  # percent; as wide as a name
MAX_LABEL = 20  # characters
MAX_POINTS = 20  # more would be a cloud


class Point(NamedTuple):
    """A tool in the drawing. All places are percents, `y` and the range from the top."""

    name: str
    x: int
    y: int
    top: int
    bottom: int
    label_y: int
    is_left: bool
    """Whether its name stands at the left."""


def list_numbered(cards: Iterable[Card]) -> list[Card]:
    """Return the tools with numbers from both panel and visitors, in order of visitors' approval, highest first."""
    numbered = [card for card in cards if card.panel.seats and card.community.has_number]
    return sorted(numbered, key=lambda card: -(card.community.percent or 0))


def build_points(cards: Iterable[Card]) -> list[Point]:
    """Return the tools that panel and visitors gave a number, from the top; none if they are one, or too many."""
    numbered = list_numbered(cards)
    if not 2 <= len(numbered) <= MAX_POINTS:
        return []
    places = [
        (INSET + (card.panel.percent or 0) * (100 - 2 * INSET) // 100, 100 - (card.community.percent or 0))
        for card in numbered
    ]
    return [
        Point(
            shorten(card.tool.brief_name, MAX_LABEL),
            x,
            y,
            100 - (card.community.high or 0),
            100 - (card.community.low or 0),
            label_y,
            is_left=x > 50,
        )
        for card, (x, y), label_y in zip(numbered, places, _place_labels(places), strict=True)
    ]


def _place_labels(places: Sequence[tuple[int, int]]) -> list[int]:
    """Return the height of the name of each point, given from the top as (x, y).

    Names that are near each other are moved down until they do not overlap, and then up until none of them stands in a
    corner, where the drawing says what it means.
    """
    labels: list[int] = []
    for place, (x, y) in enumerate(places):
        near = [labels[other] for other in range(place) if abs(places[other][0] - x) < NEAR]
        labels.append(max([y, CORNER, *(other + LABEL_HEIGHT for other in near)]))
    for place in reversed(range(len(places))):
        near = [
            labels[other] for other in range(place + 1, len(places)) if abs(places[other][0] - places[place][0]) < NEAR
        ]
        labels[place] = min([labels[place], 100 - CORNER, *(other - LABEL_HEIGHT for other in near)])
    return labels


def describe_points(cards: Iterable[Card]) -> str:
    """Return the numbers of the drawing in words: `Qdrant: panel 4 of 4, visitors 88%, between 79 and 93%; …`"""
    return "; ".join(
        f"{card.tool.brief_name}: panel {card.panel.ship} of {card.panel.seats}, visitors {card.community.figure}, "
        f"between {card.community.low} and {card.community.high}%"
        for card in list_numbered(cards)
    )


def describe_sides(cards: Iterable[Card]) -> str:
    """Return on which tools panel and visitors stand on opposite sides, in a sentence."""
    numbered = list_numbered(cards)
    opposite = [card for card in numbered if card.panel.side * card.community.side < 0]
    if not opposite:
        return "Visitors are not clearly on the other side of any verdict."
    parts = [f"{card.tool.brief_name} ({card.community.figure} ship it, {card.panel.words})" for card in opposite]
    return f"On opposite sides: {', '.join(parts)}."
