"""The tools on a page that has them side by side, each with its votes and how it stands."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.shaping.needs import Standing
from comparisons.shaping.rails import render_rail
from comparisons.shaping.tool_columns import Column
from votes.community import Community
from web.fragments import render_cached


class Side(NamedTuple):
    """One of the tools on the page."""

    column: Column
    community: Community
    standing: Standing
    is_behind: bool
    """Whether the panel prefers another one."""
    rail: SafeString
    """Panel and visitors, drawn."""
    ballot: SafeString
    """The form to vote for a reader whose vote is not known."""


class Candidate(NamedTuple):
    """What `votes/_ballot.html` takes of a tool."""

    slug: str
    name: str


def build_sides(
    columns: Sequence[Column], communities: Sequence[Community], standings: Sequence[Standing], *, here: str
) -> list[Side]:
    """Return the sides in the order of the columns. None is behind while one has no review.

    `here` is the path to which a vote leads back without JavaScript.
    """
    ratios = [column["panel"].percent for column in columns]
    return [
        Side(
            column,
            community,
            standing,
            is_behind=None not in ratios and column["panel"].percent != max(ratio or 0 for ratio in ratios),
            rail=render_rail(column["panel"], community),
            ballot=render_cached(
                "votes/_ballot.html",
                tool=Candidate(column["slug"], column["name"]),
                vote_url=column["vote_url"],
                here=here,
            ),
        )
        for column, community, standing in zip(columns, communities, standings, strict=True)
    ]
