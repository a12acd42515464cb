"""What a page of several tools says in sentences: the verdict, the split, the prices, the dates. No queries."""

from collections.abc import Sequence

from django.conf import settings

from comparisons.shaping import verdict_text
from comparisons.shaping.seat_filter import WHOLE_PANEL, Lens
from comparisons.shaping.tool_columns import Card, Column, SeatRow
from tools.models import PlanKind
from tools.prices import find_entry_price
from votes.community import Community
from web.words import count_of, format_day, isolate_name, spell_number


def verdict_sentence(
    columns: Sequence[Column], communities: Sequence[Community], seats: Sequence[SeatRow], lens: Lens = WHOLE_PANEL
) -> str:
    """The verdict on a pair, read out loud; through a lens, that of its seats alone."""
    first, second = (
        verdict_text.Contender(column["name"], column["panel"], community)
        for column, community in zip(columns, communities, strict=True)
    )
    return verdict_text.verdict(
        first,
        second,
        [verdict_text.Seat(row["name"], *row["verdicts"]) for row in seats if row["counted"]],
        through=lens.names,
    )


def ranking_sentence(columns: Sequence[Column], communities: Sequence[Community], lens: Lens = WHOLE_PANEL) -> str:
    """The verdict on three tools or more, read out loud; through a lens, that of its seats alone."""
    return verdict_text.ranking(
        [
            verdict_text.Contender(column["name"], column["panel"], community)
            for column, community in zip(columns, communities, strict=True)
        ],
        through=lens.names,
    )


def cards_sentence(first: Card, second: Card) -> str:
    """The same sentence from two cards, as lists have them."""
    others = dict(second.panel.marks)
    seats = [verdict_text.Seat(name, verdict, others.pop(name, None)) for name, verdict in first.panel.marks]
    seats += [verdict_text.Seat(name, None, verdict) for name, verdict in others.items()]
    one, two = (verdict_text.Contender(card.tool.name, card.panel, card.community) for card in (first, second))
    return verdict_text.verdict(one, two, seats)


def split_sentence(seats: Sequence[SeatRow]) -> str:
    """How many seats give the tools different verdicts, for the picture of the split."""
    judged = [row for row in seats if None not in row["verdicts"]]
    differing = [row for row in judged if row["differs"]]
    if not judged:
        return "No seat has judged both tools yet."
    if not differing:
        return "Every seat that has judged both gives them the same verdict."
    return f"{_of(differing, judged)} {'gives' if len(differing) == 1 else 'give'} the two different verdicts."


def _of(some: Sequence[SeatRow], judged: Sequence[SeatRow]) -> str:
    """`One of four seats`; `All four seats`."""
    seats = count_of(len(judged), "seat")
    return f"All {seats}" if len(some) == len(judged) > 1 else f"{spell_number(len(some)).capitalize()} of {seats}"


def parting_sentence(seats: Sequence[SeatRow]) -> str:
    """How many seats tell three tools or more apart."""
    judged = [row for row in seats if len([verdict for verdict in row["verdicts"] if verdict]) > 1]
    differing = [row for row in judged if row["differs"]]
    if not judged:
        return "No seat has judged more than one of them yet."
    if not differing:
        return "No seat tells them apart: each gives all that it has judged the same verdict."
    return f"{_of(differing, judged)} would ship some of them and skip others."


def like_for_like_notice(*columns: Column) -> str:
    """A sentence when the tools' newest reviews lie too far apart to compare like with like, else ""."""
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


def pricing_read(first: Column, second: Column) -> str:
    """What the prices of two tools come to, in a sentence or two."""
    ways = [_way_in(side) for side in (first, second)]
    if ways == [PlanKind.FREE, PlanKind.FREE]:
        opening = "Both let you in for free."
    elif ways == [None, None]:
        opening = "Nobody has entered a price for either of them yet."
    else:
        opening = f"{_way_in_words(first)}; {_way_in_words(second)}."
    beyond = [_beyond_free(side) for side in (first, second) if _way_in(side) == PlanKind.FREE]
    return " ".join([opening, *filter(None, beyond)])


def _way_in(side: Column) -> str | None:
    price = find_entry_price(side["prices"])
    return price.kind if price else None


def _way_in_words(side: Column) -> str:
    name = isolate_name(side["name"])
    match _way_in(side):
        case PlanKind.FREE:
            return f"{name} lets you in for free"
        case PlanKind.PAID:
            return f"{name} starts at {side['entry']}"
        case PlanKind.CONTACT:
            return f"{name} names no price before a talk with sales"
        case _:
            return f"no price of {name} is known to us"


def _beyond_free(side: Column) -> str:
    paid = find_entry_price([price for price in side["prices"] if price.kind == PlanKind.PAID])
    return f"With {isolate_name(side['name'])}, money enters at {paid.words}." if paid else ""
