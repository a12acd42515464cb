"""Where the seats part on a pair, shaped for lists. Objects in, rows out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString

from comparisons.shaping.tool_columns import Card, build_card
from comparisons.shaping.verdict_text import SeatVerdicts, compose_split_clauses
from web.fragments import render_cached
from web.words import count_of, end_sentence, spell_number

if TYPE_CHECKING:
    from comparisons.models import Comparison


@dataclass(frozen=True, slots=True)
class Parted:
    """A pair with the seats that have judged both of its tools, those that part drawn apart."""

    url: str
    first: Card
    second: Card
    sentence: str
    rows: list[SafeString]


def parted(comparison: "Comparison") -> Parted:
    """Shape a comparison; it comes `with_numbers()`."""
    first, second = build_card(comparison.first), build_card(comparison.second)
    other = dict(second.panel.marks)
    both = [(name, verdict, other[name]) for name, verdict in first.panel.marks if name in other]
    return Parted(
        url=comparison.get_absolute_url(),
        first=first,
        second=second,
        sentence=_sentence(both, first.tool.name, second.tool.name),
        rows=[
            render_cached("comparisons/_split.html", seat=name, verdicts=(one, two), differs=one != two)
            for name, one, two in both
        ],
    )


def _sentence(both: list[tuple[str, str, str]], first: str, second: str) -> str:
    """`Three of four seats part: The Builder and The Skeptic would ship only A; The Founder would ship only B.`"""
    verdicts = [SeatVerdicts(*seat) for seat in both]
    apart = sum(seat.differs for seat in verdicts)
    seats = count_of(len(both), "seat")
    whole = f"All {seats} part" if apart == len(both) > 1 else f"{spell_number(apart).capitalize()} of {seats} part"
    return end_sentence(f"{whole}{'s' if apart == 1 else ''}: {compose_split_clauses(verdicts, first, second)}")
