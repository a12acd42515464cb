"""Yes and no votes with their percent and interval: what the numbers of tools and of pairs share. No queries."""

from dataclasses import dataclass, field

from django.conf import settings

NO_FIGURE = "—"
HALF = 50  # percent


@dataclass(frozen=True, slots=True)
class Ratio:
    """Counts of yes and no votes. `percent` is the share of yes, 0–100, and `low` and `high` are the ends of its 95%
    Wilson interval; all three are None without a vote. `held` votes are under review and not counted.
    """

    yes: int
    no: int
    percent: int | None
    low: int | None
    high: int | None
    held: int = field(default=0, kw_only=True)

    @property
    def votes(self) -> int:
        return self.yes + self.no

    @property
    def has_number(self) -> bool:
        """Return whether there are enough votes for a percent to mean something."""
        return self.votes >= settings.COMMUNITY_EARLY_VOTES

    @property
    def is_early(self) -> bool:
        return self.has_number and self.votes < settings.COMMUNITY_FULL_VOTES

    @property
    def interval(self) -> str:
        """The 95% interval, such as `41–73%`. Meaningful only if there is a number."""
        return f"{self.low}–{self.high}%"

    @property
    def review_words(self) -> str:
        """The number of held votes in words; "" if there are none."""
        return f"{self.held:,} vote{'' if self.held == 1 else 's'} under review" if self.held else ""

    @property
    def side(self) -> int:
        """On which side of 50% the whole interval lies: 1 for yes, -1 for no, 0 if on neither or without a number.

        `panel_gap` (votes/sql/arithmetic.sql) says the same.
        """
        if not self.has_number or self.low is None or self.high is None:
            return 0
        return (self.low > HALF) - (self.high < HALF)
