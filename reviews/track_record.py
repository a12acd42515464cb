"""How a seat's predictions turned out. Counts in, words out; no queries."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from reviews.models import Outcome
from web.words import listed


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
    def made(self) -> int:
        return self.right + self.wrong + self.void + self.open

    @property
    def words(self) -> str:
        """`2 right, 1 wrong and 3 open`; what there is none of is not said."""
        parts = [
            f"{count} {outcome}"
            for outcome, count in (
                ("right", self.right), ("wrong", self.wrong), ("void", self.void), ("open", self.open)
            )
            if count
        ]  # fmt: skip
        return listed(parts) if parts else "No prediction yet"

    @property
    def bars(self) -> list[tuple[str, int, int]]:
        """For the picture: (outcome, where its bar begins, how many it counts), side by side from 0 to `made`."""
        bars, start = [], 0
        for outcome, count in (("right", self.right), ("wrong", self.wrong), ("void", self.void), ("open", self.open)):
            if count:
                bars.append((outcome, start, count))
            start += count
        return bars


NO_PREDICTIONS = TrackRecord(0, 0, 0, 0)
