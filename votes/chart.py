"""Votes over time as bars: ledger rows in, positions in a picture out. The template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

from votes.ledger import LedgerRow

HEIGHT = 100
STEP, WIDTH = 10, 8  # per row, and of its bar
BY_STATE = ("counted", "held", "rejected")
BY_CHOICE = ("ship", "skip", "held", "rejected")


@dataclass(frozen=True, slots=True)
class BarPart:
    """One part of a row's bar, such as its counted votes, from the bottom up."""

    kind: str
    x: int
    y: str
    height: str
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class VoteChart:
    """A picture `width` wide and 100 high. A bar of `top` votes reaches its upper edge."""

    width: int
    top: int
    parts: list[BarPart]
    height: int = HEIGHT


def draw_chart(rows: Sequence[LedgerRow], kinds: Sequence[str] = BY_STATE) -> VoteChart:
    """Draw rows side by side, each as a bar of parts whose kinds are BY_STATE or BY_CHOICE."""
    top = max((row.votes for row in rows), default=0)
    parts = []
    for place, row in enumerate(rows):
        base = 0
        for kind in kinds:
            if votes := getattr(row, kind):
                height = HEIGHT * votes / top
                y = HEIGHT - HEIGHT * base / top - height
                parts.append(BarPart(kind, place * STEP + 1, f"{y:.2f}", f"{height:.2f}"))
                base += votes
    return VoteChart(width=max(len(rows), 1) * STEP, top=top, parts=parts)
