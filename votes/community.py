"""How the community's numbers are said (product.md, "How numbers are shown"). Objects in, words out; no queries."""

from dataclasses import dataclass
from typing import TypedDict

from django.conf import settings

NOTHING = "—"


class CommunityNumbers(TypedDict):
    """`ToolQuerySet.with_community()`: counts, and percents 0–100 with their 95% Wilson interval."""

    ship: int
    skip: int
    percent: int | None
    low: int | None
    high: int | None
    held: int


@dataclass(frozen=True, slots=True)
class Community:
    """What the visitors say of one tool. `percent`, `low` and `high` are 0–100, and None without a counted vote.

    `held` votes are under review and count nowhere; while voting `is_frozen` every new one is.
    """

    ship: int
    skip: int
    percent: int | None
    low: int | None
    high: int | None
    held: int = 0
    is_frozen: bool = False

    @classmethod
    def of(cls, numbers: CommunityNumbers | None, *, is_frozen: bool = False) -> "Community":
        if numbers is None:
            return cls(ship=0, skip=0, percent=None, low=None, high=None, is_frozen=is_frozen)
        return cls(**numbers, is_frozen=is_frozen)

    @property
    def votes(self) -> int:
        return self.ship + self.skip

    @property
    def has_number(self) -> bool:
        """Whether there are enough votes for a percent to mean something."""
        return self.votes >= settings.COMMUNITY_EARLY_VOTES

    @property
    def is_early(self) -> bool:
        return self.has_number and self.votes < settings.COMMUNITY_FULL_VOTES

    @property
    def figure(self) -> str:
        return f"{self.percent}%" if self.has_number else NOTHING

    @property
    def interval(self) -> str:
        """The 95% interval, as `41–73%`; only where there is a number."""
        return f"{self.low}–{self.high}%"

    @property
    def range_width(self) -> int:
        """How wide the interval is, in percent points, for the picture."""
        return (self.high or 0) - (self.low or 0)

    @property
    def words(self) -> str:
        if not self.votes:
            return "No votes yet"
        if not self.has_number:
            return f"{self.ship} ship, {self.skip} skip so far"
        if self.is_early:
            return f"{self.votes} votes, early: {self.interval}"
        return f"{self.votes:,} votes"

    @property
    def review_words(self) -> str:
        """What is said of votes that do not count yet; "" without any."""
        return f"{self.held:,} vote{'' if self.held == 1 else 's'} under review" if self.held else ""

    def excludes(self, percent: int | None) -> bool:
        """Whether a percent (the panel's) lies outside the interval. False while there is no number."""
        if percent is None or not self.has_number or self.low is None or self.high is None:
            return False
        return not self.low <= percent <= self.high


def said_by_votes() -> list[tuple[str, str, str]]:
    """How a tool's community is shown, by the number of its counted votes: (votes, figure, words), by the settings."""
    early, full = settings.COMMUNITY_EARLY_VOTES, settings.COMMUNITY_FULL_VOTES
    rows = [("0", NOTHING, "No votes yet")]
    if early > 1:
        rows.append((_span(1, early - 1), NOTHING, "how many say ship and how many say skip, and no percent"))
    if full > early:
        rows.append((_span(early, full - 1), "percent", "the number of votes, the word “early”, and the interval"))
    rows.append((f"{max(early, full)} and more", "percent", "the number of votes; the interval under “How sure?”"))
    return rows


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"
