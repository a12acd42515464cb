"""Votes over time as bars: ledger rows in, positions in a picture out. The template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

from votes.ledger import LedgerRow

HEIGHT = 100.0
STEP = 10  # width per row; its bar takes eight
BY_STATE = ("counted", "held", "rejected")
BY_CHOICE = ("ship", "skip", "held", "rejected")


@dataclass(frozen=True, slots=True)
class BarPart:
    """One part of a row's bar, such as its counted votes, from the bottom up."""

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


def draw_chart(rows: Sequence[LedgerRow], parts: Sequence[str] = BY_STATE) -> VoteChart:
    """Draw rows side by side, each as a bar of the parts, which are BY_STATE or BY_CHOICE."""
    top = max((row.votes for row in rows), default=0)
    bars = []
    for place, row in enumerate(rows):
        base = 0
        for kind in parts:
            if votes := getattr(row, kind):
                height = HEIGHT * votes / top
                y = HEIGHT - HEIGHT * base / top - height
                bars.append(BarPart(kind, place * STEP + 1, f"{y:.2f}", f"{height:.2f}"))
                base += votes
    return VoteChart(width=max(len(rows), 1) * STEP, top=top, bars=bars)
