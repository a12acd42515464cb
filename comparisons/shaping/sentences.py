"""The sentences on a page of several tools: about the verdict, the split, and the dates of the reviews."""

from collections.abc import Sequence

from django.conf import settings

from comparisons.shaping import verdict_text
from comparisons.shaping.seat_filter import WHOLE_PANEL, SeatFilter
from comparisons.shaping.tool_columns import Card, Column, SeatRow
from reviews.basis import describe_untried
from reviews.behind import describe_seats
from votes.community import Community
from web.words import count_of, format_day, isolate_name, join_words, spell_number


def write_verdict(
    columns: Sequence[Column],
    communities: Sequence[Community],
    seats: Sequence[SeatRow],
    seat_filter: SeatFilter = WHOLE_PANEL,
) -> str:
    """Return the verdict on a pair as a sentence or a few; with a seat filter, the verdict of those seats only."""
    first, second = (
        verdict_text.Contender(column["name"], column["panel"], community)
        for column, community in zip(columns, communities, strict=True)
    )
    return verdict_text.compose_verdict(
        first,
        second,
        _list_verdicts(seats),
        seat_names=seat_filter.names,
    )


def write_reason(columns: Sequence[Column], seats: Sequence[SeatRow]) -> str:
    """Return the reason of the verdict on a pair: the seats that differ in their own words, and what nobody tried."""
    first, second = (column["name"] for column in columns)
    reason = verdict_text.compose_reason(_list_verdicts(seats), first, second)
    untried = describe_untried([row["bases"] for row in seats if row["counted"]], (first, second))
    return " ".join(filter(None, (reason, untried)))


def _list_verdicts(seats: Sequence[SeatRow]) -> list[verdict_text.SeatVerdicts]:
    """Return what the counted seats say of two tools."""
    counted = []
    for row in seats:
        if row["counted"]:
            first, second = row["verdicts"]
            counted.append(verdict_text.SeatVerdicts(row["name"], first, second, row["gists"]))
    return counted


def write_ranking(
    columns: Sequence[Column], communities: Sequence[Community], seat_filter: SeatFilter = WHOLE_PANEL
) -> str:
    """Return the verdict on three or more tools; with a seat filter, the verdict of those seats only."""
    return verdict_text.compose_ranking(
        [
            verdict_text.Contender(column["name"], column["panel"], community)
            for column, community in zip(columns, communities, strict=True)
        ],
        seat_names=seat_filter.names,
    )


def write_card_verdict(first: Card, second: Card) -> str:
    """Return the same verdict on a pair, given the cards that lists have."""
    one, two = (verdict_text.Contender(card.tool.name, card.panel, card.community) for card in (first, second))
    return verdict_text.compose_verdict(one, two, _pair_marks(first, second))


def write_panel_verdict(first: Card, second: Card) -> str:
    """Return what the panel says about a pair. It changes only when something is published or withdrawn."""
    one, two = (verdict_text.Contender(card.tool.name, card.panel, Community.of(None)) for card in (first, second))
    return verdict_text.compose_verdict(one, two, _pair_marks(first, second))


def _pair_marks(first: Card, second: Card) -> list[verdict_text.SeatVerdicts]:
    others = dict(second.panel.marks)
    seats = [verdict_text.SeatVerdicts(name, verdict, others.pop(name, None)) for name, verdict in first.panel.marks]
    return seats + [verdict_text.SeatVerdicts(name, None, verdict) for name, verdict in others.items()]


def describe_split(seats: Sequence[SeatRow]) -> str:
    """Return a sentence on how many seats give two tools different verdicts."""
    judged = [row for row in seats if None not in row["verdicts"]]
    differing = [row for row in judged if row["differs"]]
    if not judged:
        return "No seat has judged both tools yet."
    if not differing:
        return "Every seat that has judged both gives them the same verdict."
    return f"{_count_of(differing, judged)} {'gives' if len(differing) == 1 else 'give'} the two different verdicts."


def _count_of(rows: Sequence[SeatRow], judged: Sequence[SeatRow]) -> str:
    """Return `One of four seats` or `All four seats`."""
    seats = count_of(len(judged), "seat")
    return f"All {seats}" if len(rows) == len(judged) > 1 else f"{spell_number(len(rows)).capitalize()} of {seats}"


def describe_wide_split(seats: Sequence[SeatRow]) -> str:
    """Return a sentence on how many seats give three or more tools different verdicts."""
    judged = [row for row in seats if len([verdict for verdict in row["verdicts"] if verdict]) > 1]
    differing = [row for row in judged if row["differs"]]
    if not judged:
        return "No seat has judged more than one of them yet."
    if not differing:
        return "No seat tells them apart: each gives all that it has judged the same verdict."
    return f"{_count_of(differing, judged)} would ship some of them and skip others."


def write_who_speaks(seats: Sequence[SeatRow]) -> str:
    """Return who is behind the seats of a scorecard, for the line under it."""
    return describe_seats([row["behind"] for row in seats])


def write_example_notice(*columns: Column) -> str:
    """Return a notice of the tools that are described for demonstration only, else ""."""
    names = [isolate_name(column["name"]) for column in columns if column["example"]]
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} is an example, described for demonstration. None of its facts and prices is verified."
    return f"{join_words(names)} are examples, described for demonstration. None of their facts and prices is verified."


def write_like_for_like_notice(*columns: Column) -> str:
    """Return a notice when the newest reviews of the tools are too far apart to compare like with like, else ""."""
    reviewed = [(side["newest_review_on"], side["name"]) for side in columns if side["newest_review_on"]]
    if len(reviewed) < 2:
        return ""
    (older_on, older), (newer_on, newer) = min(reviewed), max(reviewed)
    if (newer_on - older_on).days <= settings.LIKE_FOR_LIKE_DAYS:
        return ""
    return (
        f"Not like for like: the panel last looked at {isolate_name(older)} on {format_day(older_on)}, "
        f"and at {isolate_name(newer)} on {format_day(newer_on)}. One of them may have changed since."
    )
