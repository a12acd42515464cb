"""The text of a verdict, in two steps: a headline that can be read at a glance, and the reason in one line.

It is computed from the same numbers as the page, never typed in. It is plain text, because it is also the description
of the page. A headline has at most MAX_HEADLINE_WORDS words if each name is one word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from reviews.choices import Verdict
from reviews.panel import Panel
from votes.community import Community
from votes.preference import Preference
from web.words import end_sentence, isolate_name, join_words, spell_number

MAX_HEADLINE_WORDS = 16


@dataclass(frozen=True, slots=True)
class Contender:
    """One tool with the numbers that the text needs, under the name that sentences use."""

    name: str
    panel: Panel
    community: Community

    @property
    def share(self) -> Fraction:
        """The share of seats that ship. Only for a tool with a review."""
        return Fraction(self.panel.ship, self.panel.seats)

    @property
    def is_disputed(self) -> bool:
        """Whether panel and visitors disagree: both are clearly on a side of 50%, and not on the same one."""
        return self.panel.side * self.community.side < 0


@dataclass(frozen=True, slots=True)
class SeatVerdicts:
    """The verdicts of one reviewer on two tools: "ship", "skip", or None without a review; and the reason for each in
    one line, "" without one.
    """

    name: str
    first: str | None
    second: str | None
    gists: tuple[str, ...] = ("", "")

    @property
    def has_judged_both(self) -> bool:
        return None not in (self.first, self.second)

    @property
    def differs(self) -> bool:
        """Whether the seat is part of the split: it has judged both tools and gave them different verdicts."""
        return self.has_judged_both and self.first != self.second

    @property
    def skipped(self) -> int:
        """The place of the tool that a seat that differs skips: 0 or 1."""
        return 0 if self.first == Verdict.SKIP else 1


@dataclass(frozen=True, slots=True)
class VerdictText:
    """The headline, and the sentences of the reason. `summary` is the reason in fewer words, for a description."""

    headline: str
    reasons: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        return " ".join(self.reasons)

    @property
    def sentence(self) -> str:
        """Both as one text."""
        return " ".join((self.headline, *self.reasons))


def compose_verdict(
    first: Contender,
    second: Contender,
    seats: Sequence[SeatVerdicts],
    *,
    preference: Preference | None = None,
    seat_names: str = "",
    untried: str = "",
) -> VerdictText:
    """Return the verdict on a comparison. `untried` is a sentence on what no seat has tried, which ends the reason.

    `seat_names` names the seats of a filter, if the panels count those seats only. They are not the whole panel, so the
    text then leaves out on which side visitors stand.
    """
    pair = (first, second)
    headline = _count_seats(pair, seat_names) if seat_names else _write_headline(first, second, preference)
    visitors = [_explain_pair_votes(first, second, preference)]
    if not seat_names and not visitors[0]:
        visitors = _explain_visitors(pair)
    quoted, plain = (_explain_split(first, second, seats, has_quote=has_quote) for has_quote in (True, False))
    return VerdictText(headline, _list_known(quoted, *visitors, untried), _list_known(plain, *visitors))


def compose_ranking(contenders: Sequence[Contender], *, seat_names: str = "") -> VerdictText:
    """Return the verdict on three or more tools, ranked by the share of seats that ship. `seat_names` as above."""
    if seat_names:
        return VerdictText(_count_seats(contenders, seat_names))
    reviewed = sorted((one for one in contenders if one.panel.seats), key=lambda one: one.share, reverse=True)
    unknown = [one for one in contenders if not one.panel.seats]
    if not reviewed:
        return VerdictText(f"The panel has reviewed none of {_names(unknown)} yet.")
    leaders, *others = [list(rank) for _, rank in groupby(reviewed, key=lambda one: one.share)]
    reasons = _list_known(
        f"Then {join_words([f'{_names(rank)} with {_score(rank)}' for rank in others])}." if others else "",
        f"The panel has not reviewed {_names(unknown)} yet." if unknown and len(reviewed) > 1 else "",
        *_explain_visitors(contenders),
    )
    return VerdictText(_write_leaders(leaders, contenders, is_alone=not others), reasons, reasons)


def compose_split_clauses(seats: Sequence[SeatVerdicts], first: str, second: str) -> str:
    """Return `The Builder ships only A, The Founder only B`, given the names of the tools; "" for no split."""
    sides = [
        ([seat.name for seat in seats if seat.differs and seat.skipped == skipped], isolate_name(tool))
        for skipped, tool in ((1, first), (0, second))
    ]
    (names, tool), *others = [side for side in sides if side[0]] or [([], "")]
    if not names:
        return ""
    clauses = [f"{join_words(names)} {'ships' if len(names) == 1 else 'ship'} only {tool}"]
    clauses += [f"{join_words(names)} only {tool}" for names, tool in others]
    return ", ".join(clauses) if all(len(names) == 1 for names, _ in sides) else "; ".join(clauses)


def _list_known(*sentences: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence)


# -- Headlines ----------------------------------------------------------------------------------------------


def _write_headline(first: Contender, second: Contender, preference: Preference | None) -> str:
    """Return whom the panel prefers, that it is a tie, or not reviewed; and if visitors are on the other side."""
    known = [one for one in (first, second) if one.panel.seats]
    if not known:
        return f"The panel has reviewed neither {isolate_name(first.name)} nor {isolate_name(second.name)} yet."
    if len(known) == 1:
        unknown = second if known == [first] else first
        headline = f"The panel has not reviewed {isolate_name(unknown.name)} yet; {_say_count(known[0])}"
        return _add(end_sentence(headline), "Visitors disagree." if known[0].is_disputed else "")
    if first.share == second.share:
        opening = "It’s a tie: the panel"
        return _add(f"{opening} {_describe_tie(known, 'both', 'neither')}.", _describe_disputes(known))
    return _write_lead(first, second, preference)


def _write_lead(first: Contender, second: Contender, preference: Preference | None) -> str:
    leader, other = (first, second) if first.share > second.share else (second, first)
    name = isolate_name(leader.name)
    is_like_sized = leader.panel.seats == other.panel.seats
    count = f"{leader.panel.ship} to {other.panel.ship}" if is_like_sized else f"{_of(leader)} to {_of(other)}"
    is_reversed = _find_favorite(first, second, preference) is other
    tail = "Visitors lean the other way." if is_reversed else _describe_disputes((leader, other))
    if leader.panel.side < 0:
        headline = f"The panel would ship neither; {name} leads, {count}."
        return _add(headline, tail if is_like_sized or not tail else "Visitors disagree.")
    headline = f"The panel prefers {name}, {count}." if is_reversed else f"{name} leads the panel, {count}."
    return _add(headline, tail)


def _find_favorite(first: Contender, second: Contender, preference: Preference | None) -> Contender | None:
    """Return the tool that visitors clearly prefer: by the pair votes, or else the only one of the two that they would
    ship while they would skip the other.
    """
    side = preference.side if preference else 0
    if not side and first.community.side * second.community.side < 0:
        side = first.community.side
    return {1: first, -1: second}.get(side)


def _write_leaders(leaders: Sequence[Contender], contenders: Sequence[Contender], *, is_alone: bool) -> str:
    """Return which of three or more tools lead. `is_alone`: no other tool that has reviews follows them."""
    names, disputes = _names(leaders), _describe_disputes(contenders)
    if len(leaders) == len(contenders):
        words = _describe_tie(leaders, f"all {spell_number(len(leaders))}", "none")
        return _add(f"It’s a tie: the panel {words}.", "Visitors disagree." if disputes else "")
    if is_alone and len(leaders) == 1:
        return _add(f"The panel has reviewed only {names}: {_of(leaders[0])} ship it.", disputes)
    if is_alone:
        return _add(f"It’s a tie between {names}: {_score(leaders)}.", disputes)
    if leaders[0].panel.side < 0:
        lead = f"{names} {'leads with' if len(leaders) == 1 else 'lead,'} {_score(leaders)}"
        return _add(f"The panel would ship none; {lead}.", "Visitors disagree." if disputes else "")
    if len(leaders) == 1:
        return _add(f"{names} leads the panel with {_score(leaders)}.", disputes)
    return _add(f"{names} lead the panel, {_score(leaders)}.", disputes)


def _describe_tie(tied: Sequence[Contender], everything: str, nothing: str) -> str:
    """Return `would ship both, 3 of 4 each`."""
    match tied[0].panel.side:
        case 1:
            words = f"would ship {everything}"
        case -1:
            words = f"would ship {nothing}"
        case _:
            words = f"is split on {everything}"
    return f"{words}, {_score(tied)}"


def _describe_disputes(contenders: Sequence[Contender]) -> str:
    """Return on which tools visitors are on the other side, in four words; "" for none."""
    disputed = [one for one in contenders if one.is_disputed]
    if not disputed:
        return ""
    if len(disputed) == 1:
        return end_sentence(f"Visitors disagree on {isolate_name(disputed[0].name)}")
    if len(disputed) == len(contenders) == 2:
        sides = {one.community.side for one in disputed}
        return "Visitors disagree on both." if len(sides) > 1 else f"Visitors would {_verb(disputed[0])} both."
    return f"Visitors disagree on {'all' if len(disputed) == len(contenders) else spell_number(len(disputed))}."


def _verb(contender: Contender) -> str:
    return "ship" if contender.community.side > 0 else "skip"


def _count_seats(contenders: Sequence[Contender], seat_names: str) -> str:
    """Return how many of the seats of a filter ship each tool, most first."""
    reviewed = sorted((one for one in contenders if one.panel.seats), key=lambda one: one.share, reverse=True)
    unknown = [one for one in contenders if not one.panel.seats]
    if all(one.panel.seats == 1 for one in reviewed):
        counts = [f"{'ship' if one.panel.ship else 'skip'} {isolate_name(one.name)}" for one in reviewed]
    else:
        counts = [f"{_of(one)} ship {isolate_name(one.name)}" for one in reviewed]
    missing = f"no review of {join_words([isolate_name(one.name) for one in unknown], 'or')}" if unknown else ""
    return end_sentence(f"Counting only {seat_names}: {', '.join(filter(None, (*counts, missing)))}")


def _of(contender: Contender) -> str:
    return f"{contender.panel.ship} of {contender.panel.seats}"


def _say_count(contender: Contender) -> str:
    return f"{_of(contender)} would ship {isolate_name(contender.name)}"


def _score(rank: Sequence[Contender]) -> str:
    """Return the panel's number for the tools on one rank: `3 of 4`, or `50%` if their panels differ in size."""
    panels = {(one.panel.ship, one.panel.seats) for one in rank}
    score = _of(rank[0]) if len(panels) == 1 else f"{rank[0].panel.percent}%"
    return f"{score} each" if len(rank) > 1 else score


def _names(contenders: Sequence[Contender]) -> str:
    return join_words([isolate_name(contender.name) for contender in contenders])


def _add(headline: str, tail: str) -> str:
    return f"{headline} {tail}" if tail else headline


# -- Reasons ------------------------------------------------------------------------------------------------


def _explain_split(first: Contender, second: Contender, seats: Sequence[SeatVerdicts], *, has_quote: bool) -> str:
    """Return which seats would ship only one of the two tools; with `has_quote`, a single one is quoted."""
    judged = [seat for seat in seats if seat.has_judged_both]
    differing = [seat for seat in judged if seat.differs]
    if not differing:
        if len(judged) < 2:
            return ""
        whole = len(judged) == len(seats)
        return f"{'Every reviewer' if whole else 'Everyone who reviewed both'} gives both the same verdict."
    if len(differing) == 1 < len(judged):
        return _explain_difference(differing[0], first, second, has_quote=has_quote)
    if len(differing) == len(seats) and len({seat.skipped for seat in differing}) == 1:
        shipped, skipped = (second, first) if differing[0].skipped == 0 else (first, second)
        who = "Every reviewer" if len(seats) > 1 else seats[0].name
        return end_sentence(f"{who} ships {isolate_name(shipped.name)} and skips {isolate_name(skipped.name)}")
    return end_sentence(compose_split_clauses(seats, first.name, second.name))


def _explain_difference(seat: SeatVerdicts, first: Contender, second: Contender, *, has_quote: bool) -> str:
    """Return what the only seat that differs says, in the words of its gist if it has one."""
    names = [isolate_name(first.name), isolate_name(second.name)]
    skipped, shipped = seat.skipped, 1 - seat.skipped
    if has_quote and (gist := seat.gists[skipped]):
        return f"Only {seat.name} separates them, skipping {names[skipped]}: “{gist}”"
    if has_quote and (gist := seat.gists[shipped]):
        return f"Only {seat.name} separates them, shipping {names[shipped]}: “{gist}”"
    return end_sentence(f"Only {seat.name} separates them: ship {names[shipped]}, skip {names[skipped]}")


def _explain_pair_votes(first: Contender, second: Contender, preference: Preference | None) -> str:
    """Return which tool visitors pick, if that is clear."""
    if not preference or not preference.side or preference.percent is None:
        return ""
    picked, percent = (first, preference.percent) if preference.side > 0 else (second, 100 - preference.percent)
    return end_sentence(f"Made to choose, {percent}% of visitors pick {isolate_name(picked.name)}")


def _explain_visitors(contenders: Sequence[Contender]) -> list[str]:
    """Return what visitors say of the tools on which they disagree with the panel, or break its tie."""
    sentences = []
    for one in contenders:
        if one.is_disputed:
            sentences.append(end_sentence(f"{one.community.percent}% of visitors would ship {isolate_name(one.name)}"))
        elif one.panel.seats and not one.panel.side and one.community.side:
            share = one.community.percent or 0
            clear = share if one.community.side > 0 else 100 - share
            sentences.append(f"Visitors break the tie on {isolate_name(one.name)}: {clear}% would {_verb(one)} it.")
    return sentences
