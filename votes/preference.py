"""The numbers of pair votes as pages show them, under the same rules as those of a tool. No queries."""

from dataclasses import dataclass
from typing import TypedDict

from votes.ratio import NO_FIGURE, Ratio


class PairNumbers(TypedDict):
    """Pair votes on two tools, yes for the first and no for the second: counts, and the first one's percent (0–100) of
    the votes that chose one, with its interval.
    """

    yes: int
    no: int
    neither: int
    held: int
    percent: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Preference(Ratio):
    """Which of two tools visitors would ship with: yes is the first on the page, no is the second.

    The percent is the first one's share of the votes that chose one of the two.
    """

    neither: int = 0

    @classmethod
    def of(cls, numbers: PairNumbers | None) -> "Preference":
        return cls(0, 0, None, None, None) if numbers is None else cls(**numbers)

    @property
    def first(self) -> int:
        return self.yes

    @property
    def second(self) -> int:
        return self.no

    @property
    def figures(self) -> tuple[str, str]:
        """Both shares as percents that add up to 100%."""
        if not self.has_number or self.percent is None:
            return NO_FIGURE, NO_FIGURE
        return f"{self.percent}%", f"{100 - self.percent}%"

    @property
    def words(self) -> str:
        """The number of votes, and the interval of the first one's share while there are few."""
        if not self.votes:
            words = "No votes yet" if not self.neither else "Nobody has chosen yet"
        elif not self.has_number:
            words = f"{self.first} to {self.second} so far"
        elif self.is_early:
            words = f"{self.votes} votes, early: {self.interval} for the first"
        else:
            words = f"{self.votes:,} votes"
        return f"{words}; {self.neither:,} would ship with neither" if self.neither else words
