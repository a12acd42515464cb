"""The verdict read out loud: who leads with the panel, where the seats part, and what the community says.

Computed from the same numbers as the page, never typed in. Plain text: it is also the page's description.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from reviews.panel import Panel
from votes.community import Community
from web.words import count_of, end_sentence, isolate_name, join_words


@dataclass(frozen=True, slots=True)
class Contender:
    """One tool as the sentence needs it."""

    name: str
    panel: Panel
    community: Community


@dataclass(frozen=True, slots=True)
class Seat:
    """One reviewer with the verdict on each tool: "ship", "skip", or None where there is no review."""

    name: str
    first: str | None
    second: str | None

    @property
    def differs(self) -> bool:
        """Whether this seat is part of the split: it has judged both tools, and not alike."""
        return None not in (self.first, self.second) and self.first != self.second


def verdict(first: Contender, second: Contender, seats: Sequence[Seat], *, through: str = "") -> str:
    """The verdict sentence (or a few) on a comparison.

    `through` names the seats of a lens, over which the panels were counted then. They are not the panel, so whether
    panel and community disagree is not said.
    """
    parts = [lead(first, second), split(first, second, seats), crowd(first, second)]
    if through:
        parts.insert(0, f"Through the eyes of {through} alone:")
    else:
        parts += [disagreement(contender) for contender in (first, second)]
    return " ".join(part for part in parts if part)


def ranking(contenders: Sequence[Contender], *, through: str = "") -> str:
    """The verdict on three tools or more: who leads with the panel and who follows, by the share of seats that ship;
    then what the community says, and where the two disagree. `through` as for `verdict`.
    """
    parts = [*_ranks(contenders), crowd(*contenders)]
    if through:
        parts.insert(0, f"Through the eyes of {through} alone:")
    else:
        parts += [disagreement(contender) for contender in contenders]
    return " ".join(part for part in parts if part)


def _ranks(contenders: Sequence[Contender]) -> Iterator[str]:
    """Who leads, who follows, and whom the panel has not reviewed. Those who share a place are named together."""
    reviewed = sorted((one for one in contenders if one.panel.seats), key=_share, reverse=True)
    unknown = _names([one for one in contenders if not one.panel.seats])
    if not reviewed:
        yield f"The panel has reviewed none of {unknown} yet."
        return
    leaders, *others = [list(place) for _, place in groupby(reviewed, key=_share)]
    yield _leading(leaders, alone=not others)
    if others:
        yield end_sentence(f"Then {join_words([_follower(place) for place in others])}")
    if unknown:
        yield f"The panel has not reviewed {unknown} yet."


def _leading(leaders: Sequence[Contender], *, alone: bool) -> str:
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


def _score(place: Sequence[Contender]) -> str:
    """What the tools of one place have from the panel: `3 of 4`; of panels that are not alike, `50%`."""
    panels = {(one.panel.ship, one.panel.seats) for one in place}
    ship, seats = next(iter(panels))
    return f"{ship} of {seats}" if len(panels) == 1 else f"{place[0].panel.percent}%"


def _follower(place: Sequence[Contender]) -> str:
    return f"{_names(place)} with {_score(place)}{' each' if len(place) > 1 else ''}"


def lead(first: Contender, second: Contender) -> str:
    """Who leads with the panel and by how many seats. A tie is called a tie."""
    one, two = isolate_name(first.name), isolate_name(second.name)
    if not first.panel.seats and not second.panel.seats:
        return f"The panel has reviewed neither {one} nor {two} yet."
    if not first.panel.seats or not second.panel.seats:
        known, unknown = (first, two) if first.panel.seats else (second, one)
        return f"The panel has not reviewed {unknown} yet; of {isolate_name(known.name)}, {known.panel.words}."
    margin = first.panel.ship * second.panel.seats - second.panel.ship * first.panel.seats
    if margin == 0:
        return _tie(first, second)
    leader, other = (first, second) if margin > 0 else (second, first)
    by = ""
    if first.panel.seats == second.panel.seats:
        by = f" by {count_of(leader.panel.ship - other.panel.ship, 'seat')}"
    return end_sentence(
        f"{isolate_name(leader.name)} leads with the panel{by}: {leader.panel.words} it, "
        f"against {other.panel.ship} of {other.panel.seats} for {isolate_name(other.name)}"
    )


def _tie(first: Contender, second: Contender) -> str:
    if first.panel.seats != second.panel.seats:
        return f"A tie with the panel, at {first.panel.percent}% each."
    if first.panel.ship == 0:
        return f"A tie with the panel, and not a happy one: none of {first.panel.seats} would ship either."
    if first.panel.ship == first.panel.seats:
        return f"A tie with the panel: all {first.panel.seats} would ship either."
    return f"A tie with the panel: {first.panel.words} each."


def split(first: Contender, second: Contender, seats: Sequence[Seat]) -> str:
    """On which seats, by name, the two tools get different verdicts."""
    if not any(seat.first and seat.second for seat in seats):
        return ""
    only_first = [seat.name for seat in seats if seat.differs and seat.first == "ship"]
    only_second = [seat.name for seat in seats if seat.differs and seat.second == "ship"]
    if not only_first and not only_second:
        return "No seat tells them apart." if len(seats) > 1 else ""
    clauses = [
        f"{join_words(names)} would ship only {isolate_name(name)}"
        for names, name in ((only_first, first.name), (only_second, second.name))
        if names
    ]
    return end_sentence("; ".join(clauses))


def crowd(*contenders: Contender) -> str:
    """What the community says, where it has a number."""
    said = [
        f"{isolate_name(contender.name)} at {contender.community.percent}% of {contender.community.votes:,} votes"
        for contender in contenders
        if contender.community.has_number
    ]
    return f"The community puts {join_words(said)}." if said else ""


def disagreement(contender: Contender) -> str:
    """Where panel and community disagree: only when the panel's percent lies outside the community's interval."""
    panel, community = contender.panel, contender.community
    if not community.excludes(panel.percent):
        return ""
    return (
        f"Panel and community disagree on {isolate_name(contender.name)}: "
        f"the panel’s {panel.percent}% lies outside the community’s {community.interval}."
    )
