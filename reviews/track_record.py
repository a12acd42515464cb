"""How a seat's predictions turned out. Counts in, words out; no queries."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from reviews.choices import Outcome
from web.words import join_words


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """How many predictions of a seat stand where."""

    right: int
    wrong: int
    void: int
    open: int

    @classmethod
    def of(cls, outcomes: Mapping[str, int] | Counter[str]) -> Self:
        return cls(**{outcome.value: outcomes.get(outcome.value, 0) for outcome in Outcome})

    @property
    def counts(self) -> list[tuple[str, int]]:
        """The outcomes that there are any of, each with how many."""
        every = [("right", self.right), ("wrong", self.wrong), ("void", self.void), ("open", self.open)]
        return [(outcome, count) for outcome, count in every if count]

    @property
    def made(self) -> int:
        return sum(count for _, count in self.counts)

    @property
    def words(self) -> str:
        """`2 right, 1 wrong and 3 open`; what there is none of is not said."""
        return (
            join_words([f"{count} {outcome}" for outcome, count in self.counts]) if self.made else "No prediction yet"
        )

    @property
    def bars(self) -> list[tuple[str, int, int]]:
        """For the picture: (outcome, where its bar begins, how many it counts), side by side from 0 to `made`."""
        ends = accumulate(count for _, count in self.counts)
        return [(outcome, end - count, count) for (outcome, count), end in zip(self.counts, ends, strict=True)]


NO_PREDICTIONS = TrackRecord(0, 0, 0, 0)
