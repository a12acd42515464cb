"""The history of a tool's verdicts, shaped: a line a seat, drawn and told. Records in, rows out."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import TypedDict

from django.utils.safestring import SafeString

from comparisons.reading.records import EditionRecord, GoneFact, GonePlan
from comparisons.shaping.tool_columns import format_former_facts, format_former_prices, render_prediction
from web.fragments import render_cached
from web.words import count_of, format_day, spell_number

_NEWEST_AT = 92.0  # percent of the picture's width: what stands goes on beyond the newest edition


class Mark(TypedDict):
    """An edition as the picture shows it: where it stands, and up to where it stood, in percent of the width."""

    verdict: str
    x: str
    until: str


class SeatLine(TypedDict):
    """One seat: its editions drawn from left to right, and told newest first."""

    name: str
    marks: list[Mark]
    editions: list[SafeString]


class Timeline(TypedDict):
    words: str
    """How many seats spoke more than once, and how many verdicts flipped."""
    first: str
    """The day of the oldest edition, at the left end of the picture; `newest` at its right."""
    newest: str
    seats: list[SeatLine]


def timeline(editions: Sequence[EditionRecord], *, today: date) -> Timeline | None:
    """Draw and tell the editions of a tool (in seat order, each seat's oldest first).

    None where there is no history: no seat has said anything twice.
    """
    by_seat = [list(said) for _, said in groupby(editions, key=lambda edition: edition["seat"])]
    if all(len(said) == 1 for said in by_seat):
        return None
    times = [_time(edition) for edition in editions]
    first, newest = min(times), max(times)
    return {
        "words": _words(by_seat),
        "first": format_day(first.date()),
        "newest": format_day(newest.date()),
        "seats": [
            {
                "name": said[0]["name"],
                "marks": _marks(said, first, newest),
                "editions": _told(said, today=today)[::-1],
            }
            for said in by_seat
        ],
    }


def unchanged_since(editions: Sequence[EditionRecord]) -> str:
    """The day since which verdicts stand that nobody ever changed; "" without any."""
    return format_day(min(map(_time, editions)).date()) if editions else ""


def gone_plans(plans: Sequence[GonePlan]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Plans that are no longer offered, each with its name and what it cost: (price, until which day)."""
    return [(plan["name"], format_former_prices(plan["was"])) for plan in plans]


def gone_facts(facts: Sequence[GoneFact]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Facts that nobody states any more, each with its attribute and its values: (value, until which day)."""
    return [(fact["name"], format_former_facts(fact["was"])) for fact in facts]


def _time(edition: EditionRecord) -> datetime:
    return datetime.fromisoformat(edition["published_at"])


def _words(by_seat: Sequence[Sequence[EditionRecord]]) -> str:
    spoken_again = sum(len(said) > 1 for said in by_seat)
    flips = sum(one["verdict"] != two["verdict"] for said in by_seat for one, two in pairwise(said))
    seats = f"{spell_number(spoken_again).capitalize()} of {count_of(len(by_seat), 'seat')} spoke more than once"
    return f"{seats}; {count_of(flips, 'verdict')} flipped."


def _marks(said: Sequence[EditionRecord], first: datetime, newest: datetime) -> list[Mark]:
    places = [f"{(_time(edition) - first) / (newest - first) * _NEWEST_AT:.1f}%" for edition in said]
    return [
        {"verdict": edition["verdict"], "x": place, "until": until}
        for edition, place, until in zip(said, places, [*places[1:], "100%"], strict=True)
    ]


def _told(said: Sequence[EditionRecord], *, today: date) -> list[SafeString]:
    """The editions of a seat in words, oldest first. The current one is read in the scorecard, the others here."""
    told = []
    for place, edition in enumerate(said):
        before = said[place - 1] if place else None
        after = said[place + 1] if place + 1 < len(said) else None
        told.append(
            render_cached(
                "comparisons/_edition.html",
                id=edition["id"],
                verdict=edition["verdict"],
                since=format_day(_time(edition).date()),
                until=format_day(_time(after).date()) if after else "",
                before=before["id"] if before else None,
                before_verdict=before["verdict"] if before else "",
                before_day=format_day(_time(before).date()) if before else "",
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
    return told
