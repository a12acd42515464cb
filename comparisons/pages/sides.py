"""The tools on a page that has them side by side, each with its votes and how it stands."""

from collections.abc import Sequence
from typing import NamedTuple

from comparisons.shaping.needs import Standing
from comparisons.shaping.reconciliation import Opinions, describe_rail
from comparisons.shaping.tool_columns import Column
from votes.community import Community


class Side(NamedTuple):
    """One of the tools on the page."""

    column: Column
    community: Community
    standing: Standing
    is_behind: bool
    """Whether the panel prefers another one."""
    rail: str
    """What the drawing of panel and visitors shows."""


def build_sides(
    columns: Sequence[Column], communities: Sequence[Community], standings: Sequence[Standing]
) -> list[Side]:
    """Return the sides in the order of the columns. None is behind while one has no review."""
    ratios = [column["panel"].percent for column in columns]
    return [
        Side(
            column,
            community,
            standing,
            is_behind=None not in ratios and column["panel"].percent != max(ratio or 0 for ratio in ratios),
            rail=describe_rail(Opinions(column["brief_name"], column["panel"], community)),
        )
        for column, community, standing in zip(columns, communities, standings, strict=True)
    ]
