"""Votes over time as bars: entries in, places in a picture out. The template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

from votes.ledger import Entry

HEIGHT = 100.0
STEP = 10  # the width of an entry, of which the bar takes eight


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of an entry's bar: counted, held or rejected votes, from the bottom up."""

    kind: str
    x: int
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture `width` wide and 100 high; `top` votes reach its upper edge."""

    width: int
    top: int
    bars: list[Bar]


def chart(entries: Sequence[Entry]) -> Chart:
    """Draw entries side by side, each as a bar of what counts, what is held and what was rejected."""
    top = max((entry.votes for entry in entries), default=0)
    bars = []
    for place, entry in enumerate(entries):
        base = 0
        for kind, votes in (("counted", entry.counted), ("held", entry.held), ("rejected", entry.rejected)):
            if votes:
                height = HEIGHT * votes / top
                y = HEIGHT - HEIGHT * base / top - height
                bars.append(Bar(kind, place * STEP + 1, f"{y:.2f}", f"{height:.2f}"))
                base += votes
    return Chart(width=max(len(entries), 1) * STEP, top=top, bars=bars)
