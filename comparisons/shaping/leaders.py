"""The leader of a category, and the places that pair votes give its tools. Cards and ranks in, words out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from comparisons.shaping.tool_columns import Card
from web.words import isolate_name, join_words, spell_number

if TYPE_CHECKING:
    from votes.models import PairRank

MAX_NAMED = 2  # tools level with the leader that are named


@dataclass(frozen=True, slots=True)
class Leader:
    """The first tool of a ranking, drawn large."""

    card: Card
    how: str
    """`unanimous`, or which tools the panel likes as much; "" otherwise."""
    sentence: str
    reviewer: str
    gist: str


class RankPlace(NamedTuple):
    """A tool with the places that it can really have, such as `1–4`."""

    rank: "PairRank"
    places: str


def build_leader(cards: Sequence[Card], *, gist: tuple[str, str]) -> Leader:
    """Return the leader of ranked cards, of which the first is judged. `gist` is (reviewer's name, sentence)."""
    card = cards[0]
    level = [other for other in cards[1:] if other.panel.percent == card.panel.percent]
    how = "unanimous" if card.panel.ship == card.panel.seats > 1 else ""
    if level:
        names = [isolate_name(other.tool.brief_name) for other in level[:MAX_NAMED]]
        others = len(level) - len(names)
        how = f"level with {join_words([*names, f'{spell_number(others)} more'] if others else names)} on the panel"
    return Leader(card, how, _write_sentence(card), *gist)


def _write_sentence(card: Card) -> str:
    """Return `All four reviewers ship it, and so do 88% of 318 visitors.`"""
    panel, community = card.panel, card.community
    if panel.seats == 1:
        words = "The only reviewer ships it"
    elif panel.ship == panel.seats == 2:
        words = "Both reviewers ship it"
    elif panel.ship == panel.seats:
        words = f"All {spell_number(panel.seats)} reviewers ship it"
    else:
        verb = "ships" if panel.ship == 1 else "ship"
        words = f"{spell_number(panel.ship).capitalize()} of {spell_number(panel.seats)} reviewers {verb} it"
    if not community.has_number:
        return f"{words}."
    visitors = f"{community.figure} of {community.votes:,} visitors"
    return f"{words}, and so do {visitors}." if community.side == panel.side else f"{words}; {visitors} do."


def place_ranks(ranks: "Sequence[PairRank]") -> list[RankPlace]:
    """Return each tool with its first and its last possible place: as many tools as lie wholly above it are before it,
    and as many as lie wholly below it are behind it.
    """
    places = []
    for rank in ranks:
        first = 1 + sum(other.low_share > rank.high_share for other in ranks)
        last = len(ranks) - sum(other.high_share < rank.low_share for other in ranks)
        places.append(RankPlace(rank, f"{first}–{last}" if first < last else str(first)))
    return places
