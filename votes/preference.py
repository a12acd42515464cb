"""How the pair votes on two tools are said, under the same rules as the community's numbers. No queries."""

from dataclasses import dataclass

from votes.community import NOTHING, Community
from votes.pair_votes import PairNumbers


@dataclass(frozen=True, slots=True)
class Preference:
    """Which of two tools visitors would ship with; the two in the order of the page.

    `between` counts the votes for the first as ship and those for the second as skip: its percent is the first's share
    of those who chose one of the two.
    """

    between: Community
    neither: int

    @classmethod
    def of(cls, numbers: PairNumbers | None) -> "Preference":
        if numbers is None:
            return cls(between=Community.of(None), neither=0)
        return cls(
            between=Community(
                numbers["ship"],
                numbers["skip"],
                numbers["percent"],
                numbers["low"],
                numbers["high"],
                held=numbers["held"],
            ),
            neither=numbers["neither"],
        )

    @property
    def has_number(self) -> bool:
        return self.between.has_number

    @property
    def figures(self) -> tuple[str, str]:
        """Both shares; they add up to 100%."""
        if not self.has_number or self.between.percent is None:
            return NOTHING, NOTHING
        return f"{self.between.percent}%", f"{100 - self.between.percent}%"

    @property
    def words(self) -> str:
        """How many say so, and how sure the first one's share is while they are few."""
        votes = self.between.votes
        if not votes:
            said = "No votes yet" if not self.neither else "Nobody has chosen yet"
        elif not self.has_number:
            said = f"{self.between.ship} to {self.between.skip} so far"
        elif self.between.is_early:
            said = f"{votes} votes, early: {self.between.interval} for the first"
        else:
            said = f"{votes:,} votes"
        return f"{said}; {self.neither:,} would ship with neither" if self.neither else said
