"""The text of a verdict: which tool leads with the panel, on which seats the tools differ, and what the community says.

It is computed from the same numbers as the page, never typed in. It is plain text, because it is also the description
of the page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from reviews.choices import Verdict
from reviews.panel import Panel
from votes.community import Community
from web.words import count_of, end_sentence, isolate_name, join_words

MAX_REASONS = 2  # seats that the reason quotes


@dataclass(frozen=True, slots=True)
class Contender:
    """One tool with the numbers that the text needs."""

    name: str
    panel: Panel
    community: Community


@dataclass(frozen=True, slots=True)
class SeatVerdicts:
    """The verdicts of one reviewer on two tools: "ship", "skip", or None without a review."""

    name: str
    first: str | None
    second: str | None
    gists: tuple[str, ...] = ("", "")

    @property
    def differs(self) -> bool:
        """Whether the seat is part of the split: it has judged both tools and gave them different verdicts."""
        return None not in (self.first, self.second) and self.first != self.second

    @property
    def skipped(self) -> int:
        """The place of the tool that a seat that differs skips: 0 or 1."""
        return 0 if self.first == Verdict.SKIP else 1


def compose_verdict(first: Contender, second: Contender, seats: Sequence[SeatVerdicts], *, seat_names: str = "") -> str:
    """Return the verdict on a comparison, in one sentence or a few.

    `seat_names` names the seats of a filter, if the panels count those seats only. They are not the whole panel, so the
    text then leaves out whether panel and community disagree.
    """
    parts = [
        _describe_lead(first, second, whole_panel=not seat_names),
        _describe_split(first, second, seats),
        _describe_communities(first, second),
    ]
    if seat_names:
        parts.insert(0, f"Through the eyes of {seat_names} alone:")
    else:
        parts += [_describe_disagreement(contender) for contender in (first, second)]
    return " ".join(part for part in parts if part)


def compose_ranking(contenders: Sequence[Contender], *, seat_names: str = "") -> str:
    """Return the verdict on three or more tools.

    It ranks them by the share of seats that ship, then says what the community says and where the two disagree.
    `seat_names` as for `compose_verdict`.
    """
    parts = [*_describe_ranks(contenders, whole_panel=not seat_names), _describe_communities(*contenders)]
    if seat_names:
        parts.insert(0, f"Through the eyes of {seat_names} alone:")
    else:
        parts += [_describe_disagreement(contender) for contender in contenders]
    return " ".join(part for part in parts if part)


def _describe_ranks(contenders: Sequence[Contender], *, whole_panel: bool) -> Iterator[str]:
    """Yield which tools lead, which follow, and which have no review. Tools on one rank are named together."""
    reviewed = sorted((one for one in contenders if one.panel.seats), key=_share, reverse=True)
    unknown = _names([one for one in contenders if not one.panel.seats])
    if not reviewed:
        yield f"The panel has reviewed none of {unknown} yet." if whole_panel else f"None of {unknown} is reviewed yet."
        return
    leaders, *others = [list(rank) for _, rank in groupby(reviewed, key=_share)]
    yield _describe_leaders(leaders, alone=not others)
    if others:
        yield end_sentence(f"Then {join_words([_describe_rank(rank) for rank in others])}")
    if unknown:
        are = "are" if len(contenders) - len(reviewed) > 1 else "is"
        yield f"The panel has not reviewed {unknown} yet." if whole_panel else f"{unknown} {are} not reviewed yet."


def _describe_leaders(leaders: Sequence[Contender], *, alone: bool) -> str:
    if len(leaders) > 1:
        place = "with the panel" if alone else "at the top of the panel"
        return f"A tie {place} between {_names(leaders)}: {_score(leaders)} ship each."
    if alone:
        return f"Of {_names(leaders)}, {leaders[0].panel.words}."
    return f"{_names(leaders)} leads with the panel: {leaders[0].panel.words} it."


def _share(contender: Contender) -> Fraction:
    return Fraction(contender.panel.ship, contender.panel.seats)


def _names(contenders: Sequence[Contender]) -> str:
    return join_words([isolate_name(contender.name) for contender in contenders]) if contenders else ""


def _score(rank: Sequence[Contender]) -> str:
    """Return the panel's number for the tools on one rank: `3 of 4`, or `50%` if their panels differ in size."""
    panels = {(one.panel.ship, one.panel.seats) for one in rank}
    ship, seats = next(iter(panels))
    return f"{ship} of {seats}" if len(panels) == 1 else f"{rank[0].panel.percent}%"


def _describe_rank(rank: Sequence[Contender]) -> str:
    return f"{_names(rank)} with {_score(rank)}{' each' if len(rank) > 1 else ''}"


def _describe_lead(first: Contender, second: Contender, *, whole_panel: bool) -> str:
    """Return which tool leads with the panel, and by how many seats. A tie is called a tie."""
    one, two = isolate_name(first.name), isolate_name(second.name)
    if not first.panel.seats and not second.panel.seats:
        return (
            f"The panel has reviewed neither {one} nor {two} yet."
            if whole_panel
            else f"Neither {one} nor {two} is reviewed yet."
        )
    if not first.panel.seats or not second.panel.seats:
        known, unknown = (first, two) if first.panel.seats else (second, one)
        opening = f"The panel has not reviewed {unknown} yet" if whole_panel else f"{unknown} is not reviewed yet"
        return f"{opening}; of {isolate_name(known.name)}, {known.panel.words}."
    margin = first.panel.ship * second.panel.seats - second.panel.ship * first.panel.seats
    if margin == 0:
        return _describe_tie(first, second)
    leader, other = (first, second) if margin > 0 else (second, first)
    by = ""
    if first.panel.seats == second.panel.seats:
        by = f" by {count_of(leader.panel.ship - other.panel.ship, 'seat')}"
    return end_sentence(
        f"{isolate_name(leader.name)} leads with the panel{by}: {leader.panel.words} it, "
        f"against {other.panel.ship} of {other.panel.seats} for {isolate_name(other.name)}"
    )


def _describe_tie(first: Contender, second: Contender) -> str:
    if first.panel.seats != second.panel.seats:
        return f"A tie with the panel, at {first.panel.percent}% each."
    if first.panel.ship == 0:
        return f"A tie with the panel, and not a happy one: none of {first.panel.seats} would ship either."
    if first.panel.ship == first.panel.seats:
        return f"A tie with the panel: all {first.panel.seats} would ship either."
    return f"A tie with the panel: {first.panel.words} each."


def _describe_split(first: Contender, second: Contender, seats: Sequence[SeatVerdicts]) -> str:
    """Return the names of the seats that would ship only one of the two tools."""
    if not any(seat.first and seat.second for seat in seats):
        return ""
    if clauses := compose_split_clauses(seats, first.name, second.name):
        return end_sentence(clauses)
    return "No seat tells them apart." if len(seats) > 1 else ""


def compose_split_clauses(seats: Sequence[SeatVerdicts], first: str, second: str) -> str:
    """Return `The Builder would ship only A; The Founder would ship only B`, given the names of the tools; "" for no
    split.
    """
    only_first = [seat.name for seat in seats if seat.differs and seat.first == "ship"]
    only_second = [seat.name for seat in seats if seat.differs and seat.second == "ship"]
    clauses = [
        f"{join_words(seat_names)} would ship only {isolate_name(tool)}"
        for seat_names, tool in ((only_first, first), (only_second, second))
        if seat_names
    ]
    return "; ".join(clauses)


def compose_reason(seats: Sequence[SeatVerdicts], first: str, second: str) -> str:
    """Return why the verdict is what it is: which tool each seat that differs skips, in the words of its gist.

    `first` and `second` are the names of the tools. Return "" if no such seat has a gist. At most MAX_REASONS seats are
    quoted.
    """
    names = (isolate_name(first), isolate_name(second))
    quoted = [
        f"{seat.name} skips {names[seat.skipped]}: “{seat.gists[seat.skipped]}”"
        for seat in seats
        if seat.differs and seat.gists[seat.skipped]
    ]
    return " ".join(quoted[:MAX_REASONS])


def _describe_communities(*contenders: Contender) -> str:
    """Return what the community says about the tools for which it has a number; "" if it has none."""
    numbers = [
        f"{isolate_name(contender.name)} at {contender.community.percent}% of {contender.community.votes:,} votes"
        for contender in contenders
        if contender.community.has_number
    ]
    return f"The community puts {join_words(numbers)}." if numbers else ""


def _describe_disagreement(contender: Contender) -> str:
    """Return that panel and community disagree, if the panel's percent is outside the community's interval."""
    panel, community = contender.panel, contender.community
    if not community.excludes(panel.percent):
        return ""
    return (
        f"Panel and community disagree on {isolate_name(contender.name)}: "
        f"the panel’s {panel.percent}% lies outside the community’s {community.interval}."
    )
