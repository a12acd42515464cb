"""The numbers of votes on a tool as pages show them (docs/product.md). Numbers in, words out; no queries."""

from dataclasses import dataclass
from typing import TypedDict

from django.conf import settings

from votes.ratio import NO_FIGURE, Ratio


class CommunityNumbers(TypedDict):
    """The value of `ToolQuerySet.with_community()`: counts, and percents 0–100 with their 95% Wilson interval."""

    ship: int
    skip: int
    percent: int | None
    low: int | None
    high: int | None
    held: int


@dataclass(frozen=True, slots=True)
class Community(Ratio):
    """Visitors' votes on one tool: yes is ship, no is skip. While voting `is_frozen`, every new vote is held."""

    is_frozen: bool = False

    @classmethod
    def of(cls, numbers: CommunityNumbers | None, *, is_frozen: bool = False) -> "Community":
        if numbers is None:
            return cls(0, 0, None, None, None, is_frozen=is_frozen)
        return cls(
            numbers["ship"],
            numbers["skip"],
            numbers["percent"],
            numbers["low"],
            numbers["high"],
            held=numbers["held"],
            is_frozen=is_frozen,
        )

    @property
    def ship(self) -> int:
        return self.yes

    @property
    def skip(self) -> int:
        return self.no

    @property
    def figure(self) -> str:
        return f"{self.percent}%" if self.has_number else NO_FIGURE

    @property
    def words(self) -> str:
        return f"{self.brief_words}: {self.interval}" if self.is_early else self.brief_words

    @property
    def brief_words(self) -> str:
        """The words without the interval of few votes."""
        if not self.votes:
            return "No votes yet"
        if not self.has_number:
            return f"{self.ship} ship, {self.skip} skip so far"
        return f"{self.votes} votes, early" if self.is_early else f"{self.votes:,} votes"


def list_display_rules() -> list[tuple[str, str, str]]:
    """Return how pages show a tool's community for each number of counted votes: (votes, figure, words)."""
    early, full = settings.COMMUNITY_EARLY_VOTES, settings.COMMUNITY_FULL_VOTES
    rows = [("0", "none", "No votes yet")]
    if early > 1:
        rows.append((_span(1, early - 1), "none", "how many say ship and how many say skip, and no percent"))
    if full > early:
        rows.append((_span(early, full - 1), "percent", "the number of votes, the word “early”, and the interval"))
    rows.append((f"{max(early, full)} and more", "percent", "the number of votes; the interval under “How sure?”"))
    return rows


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"
