"""The track record of a seat: how its predictions turned out. No queries."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from reviews.choices import Outcome
from web.words import join_words


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """The number of a seat's predictions per outcome."""

    right: int
    wrong: int
    void: int
    open: int

    @classmethod
    def of(cls, outcomes: Mapping[str, int] | Counter[str]) -> Self:
        return cls(**{outcome.value: outcomes.get(outcome.value, 0) for outcome in Outcome})

    @property
    def counts(self) -> list[tuple[str, int]]:
        """(outcome, count) of each outcome with at least one prediction."""
        all_counts = [("right", self.right), ("wrong", self.wrong), ("void", self.void), ("open", self.open)]
        return [(outcome, count) for outcome, count in all_counts if count]

    @property
    def total(self) -> int:
        """The number of predictions."""
        return sum(count for _, count in self.counts)

    @property
    def judged(self) -> int:
        """The number of predictions that turned out right or wrong."""
        return self.right + self.wrong

    @property
    def words(self) -> str:
        """`2 right, 1 wrong, and 3 open`. Outcomes without predictions are left out."""
        return (
            join_words([f"{count} {outcome}" for outcome, count in self.counts]) if self.total else "No prediction yet"
        )


NO_PREDICTIONS = TrackRecord(0, 0, 0, 0)
