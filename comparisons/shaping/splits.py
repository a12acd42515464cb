"""Splits: the seats that give the two tools of a pair different verdicts, shaped for lists."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comparisons.shaping.sentences import list_brief_names
from comparisons.shaping.tool_columns import Card, build_card
from comparisons.shaping.verdict_text import SeatVerdicts, compose_split_clauses
from web.words import count_of, end_sentence, spell_number

if TYPE_CHECKING:
    from comparisons.models import Comparison


@dataclass(frozen=True, slots=True)
class SplitPair:
    """A pair with the sentence on the seats that differ."""

    url: str
    sides: list[tuple[Card, str]]
    """Both tools, each with its brief name."""
    sentence: str


def build_split(comparison: "Comparison") -> SplitPair:
    """Shape a comparison, annotated `with_numbers()`."""
    first, second = build_card(comparison.first), build_card(comparison.second)
    other = dict(second.panel.marks)
    both = [(name, verdict, other[name]) for name, verdict in first.panel.marks if name in other]
    names = list_brief_names(first, second)
    return SplitPair(
        url=comparison.get_absolute_url(),
        sides=list(zip((first, second), names, strict=True)),
        sentence=_write_sentence(both, *names),
    )


def _write_sentence(both: list[tuple[str, str, str]], first: str, second: str) -> str:
    """Return `Two of four reviewers differ: The Builder ships only A, The Founder only B.`"""
    verdicts = [SeatVerdicts(*seat) for seat in both]
    apart = sum(seat.differs for seat in verdicts)
    clauses = compose_split_clauses(verdicts, first, second)
    if len(both) == 1:
        return end_sentence(clauses)
    reviewers = count_of(len(both), "reviewer")
    who = f"All {reviewers}" if apart == len(both) > 2 else f"{spell_number(apart).capitalize()} of {reviewers}"
    return end_sentence(f"{who} {'differs' if apart == 1 else 'differ'}: {clauses}")
