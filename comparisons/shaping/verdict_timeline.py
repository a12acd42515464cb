"""The history of a tool in words: the editions of each seat, and the plans and facts that were discontinued."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import TypedDict

from django.utils.safestring import SafeString

from comparisons.reading.records import DiscontinuedFact, DiscontinuedPlan, EditionRecord
from comparisons.shaping.seat_rows import describe_basis_of
from comparisons.shaping.tool_columns import FormerValue, format_former_facts, format_former_prices, render_prediction
from web.fragments import render_cached
from web.words import count_of, format_day, spell_number


class SeatLine(TypedDict):
    """A seat with its editions as HTML, newest first."""

    name: str
    editions: list[SafeString]


class Timeline(TypedDict):
    """The editions of a tool."""

    words: str
    """How many seats have more than one edition, and how many verdicts flipped."""
    seats: list[SeatLine]


def build_timeline(editions: Sequence[EditionRecord], *, today: date) -> Timeline | None:
    """Return the timeline of a tool's editions (in seat order, each seat's oldest first).

    Return None without history, when no seat has more than one edition.
    """
    by_seat = [list(seat) for _, seat in groupby(editions, key=lambda edition: edition["seat"])]
    if all(len(seat) == 1 for seat in by_seat):
        return None
    return {
        "words": _summarize(by_seat),
        "seats": [{"name": seat[0]["name"], "editions": _render_editions(seat, today=today)[::-1]} for seat in by_seat],
    }


def format_first_day(editions: Sequence[EditionRecord]) -> str:
    """Return the day of the first edition; "" if there is none."""
    return format_day(min(map(_time, editions)).date()) if editions else ""


def format_discontinued_plans(plans: Sequence[DiscontinuedPlan]) -> list[tuple[str, list[FormerValue]]]:
    """Return the name of each discontinued plan with its former prices."""
    return [(plan["name"], format_former_prices(plan["was"])) for plan in plans]


def format_discontinued_facts(facts: Sequence[DiscontinuedFact]) -> list[tuple[str, list[FormerValue]]]:
    """Return the attribute of each discontinued fact with its former values."""
    return [(fact["name"], format_former_facts(fact["was"])) for fact in facts]


def _time(edition: EditionRecord) -> datetime:
    return datetime.fromisoformat(edition["published_at"])


def _summarize(by_seat: Sequence[Sequence[EditionRecord]]) -> str:
    with_history = sum(len(seat) > 1 for seat in by_seat)
    flips = sum(one["verdict"] != two["verdict"] for seat in by_seat for one, two in pairwise(seat))
    seats = f"{spell_number(with_history).capitalize()} of {count_of(len(by_seat), 'seat')} spoke more than once"
    return f"{seats}; {count_of(flips, 'verdict')} flipped."


def _render_editions(seat: Sequence[EditionRecord], *, today: date) -> list[SafeString]:
    """Return the editions of a seat as HTML, oldest first. The quote of the current one is left to the scorecard."""
    rendered = []
    for place, edition in enumerate(seat):
        before = seat[place - 1] if place else None
        after = seat[place + 1] if place + 1 < len(seat) else None
        rendered.append(
            render_cached(
                "comparisons/_edition.html",
                id=edition["id"],
                verdict=edition["verdict"],
                since=format_day(_time(edition).date()),
                until=format_day(_time(after).date()) if after else "",
                before=before["id"] if before else None,
                before_verdict=before["verdict"] if before else "",
                before_day=format_day(_time(before).date()) if before else "",
                gist=edition["gist"] if after else "",
                basis=describe_basis_of(edition) if after else "",
                quote=edition["quote"] if after else "",
                flips_if=edition["flips_if"] if after else "",
                predictions=tuple(
                    render_prediction(prediction, edition["name"], today=today)
                    for prediction in edition["predictions"] or []
                )
                if after
                else (),
            )
        )
    return rendered
