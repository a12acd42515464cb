"""What the side-by-side pages show, shaped: tools in columns, what is said of them in rows. Records in, rows out.

No queries, and no HTML but what Markdown makes. The same shapes serve one column (a tool's own page) and several. Rows
are plain dictionaries, because that is what templates read fastest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TypedDict

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from comparisons import sentence
from comparisons.columns import PredictionRecord, ReviewerRecord, ReviewRecord, ToolRecord
from reviews.models import Outcome
from reviews.panel import Panel
from tools.models import PlanKind, Tool
from tools.prices import Price, entry, entry_price
from tools.sourcing import checked_note, site_name
from votes.community import Community
from web import markdown
from web.words import day, isolated

LONG_NAMES = 40  # characters of names in a headline, beyond which it is set smaller


class PriceLine(TypedDict):
    name: str
    price: str
    checked: SafeString


class FactCell(TypedDict):
    value: str
    checked: SafeString


class FactRow(TypedDict):
    """One attribute with a cell for each column, None where nothing is known."""

    name: str
    cells: list[FactCell | None]
    differs: bool


class PredictionLine(TypedDict):
    claim: str
    by: str
    outcome: str
    standing: str
    note: str
    source: str


class ReviewCell(TypedDict):
    verdict: str
    quote: SafeString
    flips_if: str
    published: str


class SeatRow(TypedDict):
    """One reviewer with a cell for each column, None where the seat has not reviewed the tool."""

    reviewer: ReviewerRecord
    cells: list[ReviewCell | None]
    differs: bool


class SplitLine(TypedDict):
    """One tool's verdicts in seat order, None where the seat has not judged it."""

    name: str
    verdicts: list[str | None]


@dataclass(frozen=True, slots=True)
class Column:
    """One tool, with what its card says."""

    tool: ToolRecord
    url: str
    vote_url: str
    category_url: str
    website_name: str
    panel: Panel
    community: Community
    entry: str
    description: SafeString
    prices: list[Price]
    price_lines: list[PriceLine]
    predictions: list[PredictionLine]
    newest_review_on: date | None


@dataclass(frozen=True, slots=True)
class Card:
    """One tool as lists show it."""

    tool: Tool
    url: str
    panel: Panel
    community: Community
    entry: str


@lru_cache(maxsize=8192)
def address(name: str, slug: str) -> str:
    """`reverse` of an address with one slug, remembered."""
    return reverse(name, args=[slug])


def card(tool: Tool) -> Card:
    """Shape a tool for a list; it comes annotated `with_numbers().with_plans()`."""
    return Card(
        tool=tool,
        url=address("tool", tool.slug),
        panel=Panel.of(tool.panel),  # type: ignore[attr-defined] # annotated
        community=Community.of(tool.community),  # type: ignore[attr-defined] # annotated
        entry=entry([Price.of(plan) for plan in tool.standing_plans]),  # type: ignore[attr-defined] # prefetched
    )


def column(tool: ToolRecord, *, today: date) -> Column:
    """Shape one tool for its column."""
    prices = [
        Price(plan["kind"], plan["amount"], plan["currency"], plan["period"], plan["unit"]) for plan in tool["plans"]
    ]
    return Column(
        tool=tool,
        url=address("tool", tool["slug"]),
        vote_url=address("vote", tool["slug"]),
        category_url=address("category", tool["category"]["slug"]),
        website_name=site_name(tool["website"]),
        panel=Panel.of(tool["panel"]),
        community=Community.of(tool["community"]),
        entry=entry(prices),
        description=markdown.render(tool["description"]),
        prices=prices,
        price_lines=[
            {
                "name": plan["name"],
                "price": price.words,
                "checked": checked_note(plan["source"], _day(plan["verified_on"]), today=today),
            }
            for plan, price in zip(tool["plans"], prices, strict=True)
        ],
        predictions=[
            _prediction(prediction, review["reviewer"]["name"], today=today)
            for review in tool["reviews"]
            for prediction in review["predictions"]
        ],
        newest_review_on=max((_published_on(review) for review in tool["reviews"]), default=None),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _published_on(review: ReviewRecord) -> date:
    return datetime.fromisoformat(review["published_at"]).date()


def _prediction(prediction: PredictionRecord, by: str, *, today: date) -> PredictionLine:
    due_on = date.fromisoformat(prediction["due_on"])
    if prediction["outcome"] != Outcome.OPEN:
        standing = f"Was due {day(due_on)}"
    elif due_on > today:
        standing = f"Due {day(due_on)}"
    else:
        standing = f"Due since {day(due_on)}, not judged yet"
    return {
        "claim": prediction["claim"],
        "by": by,
        "outcome": prediction["outcome"],
        "standing": standing,
        "note": prediction["note"],
        "source": prediction["source"],
    }


def fact_rows(tools: Sequence[ToolRecord], *, today: date, only_differences: bool = False) -> list[FactRow]:
    """Line the facts of some tools up by attribute, in the attributes' order.

    A row differs when two columns are known to have different values; what is merely unknown is no difference.
    """
    names = {fact["attribute"]: fact["name"] for tool in tools for fact in tool["facts"]}
    by_tool = [{fact["attribute"]: fact for fact in tool["facts"]} for tool in tools]
    rows: list[FactRow] = []
    for attribute in sorted(names):
        facts = [known.get(attribute) for known in by_tool]
        differs = len({fact["value"].casefold() for fact in facts if fact}) > 1
        if differs or not only_differences:
            cells: list[FactCell | None] = [
                {
                    "value": fact["value"],
                    "checked": checked_note(fact["source"], _day(fact["verified_on"]), today=today),
                }
                if fact
                else None
                for fact in facts
            ]
            rows.append({"name": names[attribute], "cells": cells, "differs": differs})
    return rows


def seat_rows(tools: Sequence[ToolRecord]) -> list[SeatRow]:
    """Line the current reviews of some tools up by seat, in seat order."""
    reviewers = {review["reviewer"]["seat"]: review["reviewer"] for tool in tools for review in tool["reviews"]}
    by_tool = [{review["reviewer"]["seat"]: review for review in tool["reviews"]} for tool in tools]
    rows: list[SeatRow] = []
    for seat in sorted(reviewers):
        reviews = [known.get(seat) for known in by_tool]
        rows.append(
            {
                "reviewer": reviewers[seat],
                "cells": [_review_cell(review) if review else None for review in reviews],
                "differs": len({review["verdict"] for review in reviews if review}) > 1,
            }
        )
    return rows


def _review_cell(review: ReviewRecord) -> ReviewCell:
    return {
        "verdict": review["verdict"],
        "quote": markdown.render(review["quote"]),
        "flips_if": review["flips_if"],
        "published": day(_published_on(review)),
    }


def verdict_sentence(first: Column, second: Column, seats: Sequence[SeatRow]) -> str:
    """The verdict on a pair, read out loud."""
    return sentence.verdict(
        sentence.Contender(first.tool["name"], first.panel, first.community),
        sentence.Contender(second.tool["name"], second.panel, second.community),
        [
            sentence.Seat(row["reviewer"]["name"], *(cell["verdict"] if cell else None for cell in row["cells"]))
            for row in seats
        ],
    )


def split_lines(tools: Sequence[ToolRecord], seats: Sequence[SeatRow]) -> list[SplitLine]:
    """The split as a picture: a line for each tool, a place for each seat."""
    return [
        {
            "name": tool["name"],
            "verdicts": [cell["verdict"] if (cell := row["cells"][index]) else None for row in seats],
        }
        for index, tool in enumerate(tools)
    ]


def split_sentence(seats: Sequence[SeatRow]) -> str:
    """How many seats give the tools different verdicts, for the picture of the split."""
    judged = [row for row in seats if None not in row["cells"]]
    differing = [row for row in judged if row["differs"]]
    if not judged:
        return "No seat has judged both tools yet."
    if not differing:
        return "Every seat that has judged both gives them the same verdict."
    return f"{len(differing)} of {len(judged)} seats give the two different verdicts."


def has_long_names(tools: Sequence[ToolRecord]) -> bool:
    return sum(len(tool["name"]) for tool in tools) > LONG_NAMES


def like_for_like_notice(first: Column, second: Column) -> str:
    """A sentence when the tools' newest reviews lie too far apart to compare like with like, else ""."""
    if first.newest_review_on is None or second.newest_review_on is None:
        return ""
    (older_on, older), (newer_on, newer) = sorted(
        (side.newest_review_on, side.tool["name"]) for side in (first, second) if side.newest_review_on
    )
    if (newer_on - older_on).days <= settings.LIKE_FOR_LIKE_DAYS:
        return ""
    return (
        f"Not like for like: the panel last looked at {isolated(older)} on {day(older_on)}, "
        f"and at {isolated(newer)} on {day(newer_on)}. One of them may have changed since."
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
    price = entry_price(side.prices)
    return price.kind if price else None


def _way_in_words(side: Column) -> str:
    name = isolated(side.tool["name"])
    match _way_in(side):
        case PlanKind.FREE:
            return f"{name} lets you in for free"
        case PlanKind.PAID:
            return f"{name} starts at {side.entry}"
        case PlanKind.CONTACT:
            return f"{name} names no price before a talk with sales"
        case _:
            return f"no price of {name} is known to us"


def _beyond_free(side: Column) -> str:
    paid = entry_price([price for price in side.prices if price.kind == PlanKind.PAID])
    return f"With {isolated(side.tool['name'])}, money enters at {paid.words}." if paid else ""
