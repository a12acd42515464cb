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
    head: SafeString
    """The head of its column: its name, how it stands, and the panel."""
    rail: SafeString
    """Panel and visitors, in words and drawn."""
    ballot: SafeString
    """The form to vote for a reader whose vote is not known."""


class Candidate(NamedTuple):
    """What `votes/_ballot.html` takes of a tool."""

    slug: str
    name: str


def build_sides(
    columns: Sequence[Column],
    communities: Sequence[Community],
    standings: Sequence[Standing],
    *,
    is_lens: bool,
    here: str,
) -> list[Side]:
    """Return the sides in the order of the columns. The panel's favorites have bold scores, or all of them do if a tool
    has no review yet.

    `is_lens` says that the panel's numbers count some of the seats. `here` is the path to which a vote leads back
    without JavaScript.
    """
    ratios = [column["panel"].percent for column in columns]
    return [
        Side(
            column,
            community,
            head=render_cached(
                "comparisons/_board_head.html",
                slug=column["slug"],
                name=column["brief_name"],
                url=column["url"],
                panel=column["panel"],
                is_behind=None not in ratios and column["panel"].percent != max(ratio or 0 for ratio in ratios),
                out=standing.words,
                is_lens=is_lens,
                is_pair=len(columns) == 2,
            ),
            rail=render_cached(
                "charts/_rails_one.html",
                name=column["brief_name"],
                panel=column["panel"],
                community=community,
                rail=render_rail(column["panel"], community),
            ),
            ballot=render_cached(
                "votes/_ballot.html",
                tool=Candidate(column["slug"], column["name"]),
                vote_url=column["vote_url"],
                here=here,
            ),
        )
        for column, community, standing in zip(columns, communities, standings, strict=True)
    ]
