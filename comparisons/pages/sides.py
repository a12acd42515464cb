"""The tools on a page that has them side by side, each with its votes and how it stands.

Everything is rendered once per set of values: after a vote on one of the tools, only what shows that vote is new.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.shaping.needs import Standing
from comparisons.shaping.rails import render_rail
from comparisons.shaping.tool_columns import Column
from votes.community import Community
from votes.preference import Preference
from web.fragments import render_cached


class Side(NamedTuple):
    """One of the tools on the page."""

    column: Column
    head: SafeString
    """The head of its column: its name, how it stands, and the panel."""
    community: SafeString
    """Its votes, and the form to vote for a reader whose vote is not known."""


class Candidate(NamedTuple):
    """What the form to vote on a tool takes of it."""

    slug: str
    name: str


class PairCandidate(NamedTuple):
    """What the form to choose between two tools takes of one."""

    slug: str
    brief_name: str


def build_sides(
    columns: Sequence[Column],
    communities: Sequence[Community],
    standings: Sequence[Standing],
    *,
    is_filtered: bool,
    here: str,
    is_preview: bool = False,
) -> list[Side]:
    """Return the sides in the order of the columns. The panel's favorites have bold scores, or all of them do if a tool
    has no review yet.

    `is_filtered` says that the panel's numbers count some of the seats. `here` is the path to which a vote leads back
    without JavaScript. Nobody votes in a preview.
    """
    ratios = [column["panel"].percent for column in columns]
    return [
        Side(
            column,
            head=render_cached(
                "comparisons/_board_head.html",
                slug=column["slug"],
                name=column["brief_name"],
                url=column["url"],
                panel=column["panel"],
                is_behind=None not in ratios and column["panel"].percent != max(ratio or 0 for ratio in ratios),
                out=standing.words,
                is_filtered=is_filtered,
                is_pair=len(columns) == 2,
            ),
            community=render_cached(
                "votes/_community.html",
                tool=Candidate(column["slug"], column["name"]),
                community=community,
                vote_url=column["vote_url"],
                here=here,
                preview=is_preview,
            ),
        )
        for column, community, standing in zip(columns, communities, standings, strict=True)
    ]


def render_rails(columns: Sequence[Column], communities: Sequence[Community]) -> SafeString:
    """Render panel against visitors, a rail for each tool on one axis."""
    rails = (
        render_cached(
            "charts/_rails_one.html",
            name=column["brief_name"],
            panel=column["panel"],
            community=community,
            rail=render_rail(column["panel"], community),
        )
        for column, community in zip(columns, communities, strict=True)
    )
    return render_cached("charts/_rails.html", rails=tuple(rails))


def render_pair_vote(
    columns: Sequence[Column], preference: Preference, *, url: str, here: str, is_preview: bool = False
) -> SafeString:
    """Render which of two tools visitors would ship with, and the form for a reader whose choice is not known."""
    one, two = (PairCandidate(column["slug"], column["brief_name"]) for column in columns)
    return render_cached(
        "votes/_pair_vote.html",
        one=one,
        two=two,
        preference=preference,
        pair_vote_url=url,
        here=here,
        preview=is_preview,
    )
