"""Votes over time as bars: ledger rows in, positions in a picture out. The template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

from votes.ledger import LedgerRow

HEIGHT = 100.0
STEP = 10  # width per row; its bar takes eight


@dataclass(frozen=True, slots=True)
class BarPart:
    """One part of a row's bar: counted, held or rejected votes, from the bottom up."""

    kind: str
    x: int
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class VoteChart:
    """A picture `width` wide and 100 high. A bar of `top` votes reaches its upper edge."""

    width: int
    top: int
    bars: list[BarPart]


def draw_chart(rows: Sequence[LedgerRow]) -> VoteChart:
    """Draw rows side by side, each as a bar of counted, held and rejected votes."""
    top = max((row.votes for row in rows), default=0)
    bars = []
    for place, row in enumerate(rows):
        base = 0
        for kind, votes in (("counted", row.counted), ("held", row.held), ("rejected", row.rejected)):
            if votes:
                height = HEIGHT * votes / top
                y = HEIGHT - HEIGHT * base / top - height
                bars.append(BarPart(kind, place * STEP + 1, f"{y:.2f}", f"{height:.2f}"))
                base += votes
    return VoteChart(width=max(len(rows), 1) * STEP, top=top, bars=bars)
